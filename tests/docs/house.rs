//! The house as its imports draw it: which file of a crate names which other, and which rooms.
//!
//! Every `use` and every path that begins with `crate`, `self` or `super` counts, except in tests. A
//! `pub use` of a child in its own `mod.rs` only shows the child to others and is no import; what is
//! imported by way of it is an import of the child.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::Path,
};

use petgraph::{algo::tarjan_scc, graphmap::DiGraphMap};
use syn::{UseTree, visit::Visit};

/// The modules of one crate, and what each of them imports.
pub(crate) struct House {
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl House {
    /// Reads the sources below a folder `src`.
    pub(crate) fn read(src: &Path) -> Result<Self, Box<dyn Error>> {
        let mut files = BTreeMap::new();
        collect(src, src, &mut files)?;
        let modules: BTreeSet<String> = files.keys().cloned().collect();
        let mut paths = BTreeMap::new();
        for (module, text) in &files {
            let mut found = Paths::default();
            found.visit_file(&syn::parse_file(text)?);
            paths.insert(module.as_str(), found.found);
        }
        let shown = shown(&paths, &modules);
        let imports = paths.iter().map(|(module, found)| {
            let targets = found
                .iter()
                .filter(|found| !found.is_assembly(module, &modules));
            let targets = targets.filter_map(|found| found.target(module, &modules, &shown));
            let others = targets.filter(|target| target != module);
            ((*module).to_owned(), others.collect())
        });
        let imports = imports.collect();
        Ok(Self { imports })
    }

    /// Groups of files that import each other.
    pub(crate) fn circles(&self) -> Vec<Vec<&str>> {
        let mut graph = DiGraphMap::<&str, ()>::new();
        for (module, targets) in &self.imports {
            graph.add_node(module);
            for target in targets {
                graph.add_edge(module, target, ());
            }
        }
        let mut circles = tarjan_scc(&graph);
        circles.retain(|circle| circle.len() > 1);
        circles
    }

    /// The modules that import this one.
    pub(crate) fn importers(&self, of: &str) -> Vec<&str> {
        let all = self.imports.iter();
        all.filter(|(_, targets)| targets.contains(of))
            .map(|(module, _)| module.as_str())
            .collect()
    }

    /// The rooms below a folder, each with the rooms that it imports: `handle` is the folder's own
    /// `mod.rs`, and each file or folder in it is a room.
    pub(crate) fn rooms(&self, folder: &str, handle: &str) -> BTreeMap<String, BTreeSet<String>> {
        let room = |module: &str| {
            if module == folder {
                return Some(handle.to_owned());
            }
            let below = module.strip_prefix(folder)?.strip_prefix("::")?;
            Some(below.split("::").next()?.to_owned())
        };
        let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, targets) in &self.imports {
            let Some(from) = room(module) else { continue };
            let arrows = rooms.entry(from.clone()).or_default();
            arrows.extend(targets.iter().filter_map(|to| room(to)));
            arrows.remove(&from);
        }
        rooms
    }
}

fn collect(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let relative = path.strip_prefix(root)?.with_extension("");
            let mut names: Vec<_> = relative.iter().filter_map(|name| name.to_str()).collect();
            if matches!(names.last(), Some(&("mod" | "lib" | "main"))) {
                names.pop();
            }
            files.insert(names.join("::"), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// What each module shows of others under a name of its own: (module, name) → the module it is of.
type Shown = BTreeMap<(String, String), String>;

fn shown(paths: &BTreeMap<&str, Vec<Found>>, modules: &BTreeSet<String>) -> Shown {
    let mut shown = Shown::new();
    for (module, found) in paths {
        for one in found.iter().filter(|one| one.shown) {
            if let (Some(target), Some(name)) = (one.module(module, modules), one.names.last()) {
                shown.insert(((*module).to_owned(), name.clone()), target.0);
            }
        }
    }
    shown
}

/// A path of the sources that begins in this crate.
struct Found {
    names: Vec<String>,
    /// A `pub use`.
    shown: bool,
}

impl Found {
    /// The module that the path leads to, seen from `module`, and the names that are left.
    fn module(&self, module: &str, modules: &BTreeSet<String>) -> Option<(String, Vec<String>)> {
        let mut base: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
        let mut names = self.names.iter().map(String::as_str).peekable();
        match names.next()? {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                base.pop();
                while names.next_if_eq(&"super").is_some() {
                    base.pop();
                }
            }
            // Edition 2018: a child may be named without `self`.
            child if modules.contains(&join(module, child)) => base.push(child),
            _ => return None,
        }
        base.extend(names);
        (0..=base.len()).rev().find_map(|length| {
            let path = base[..length].join("::");
            let left = base[length..].iter().map(|name| (*name).to_owned());
            modules.contains(&path).then(|| (path, left.collect()))
        })
    }

    /// The file that the path leads to, also by way of what other modules show.
    fn target(&self, module: &str, modules: &BTreeSet<String>, shown: &Shown) -> Option<String> {
        let (mut target, left) = self.module(module, modules)?;
        if let Some(name) = left.first() {
            // Shown by a module that shows it of another, and so on.
            while let Some(next) = shown.get(&(target.clone(), name.clone())) {
                if *next == target {
                    break;
                }
                target.clone_from(next);
            }
        }
        Some(target)
    }

    /// A module that only shows what is in its children.
    fn is_assembly(&self, module: &str, modules: &BTreeSet<String>) -> bool {
        let below = |target: &str| module.is_empty() || target.starts_with(&format!("{module}::"));
        let target = self.module(module, modules);
        self.shown && target.is_some_and(|(target, _)| below(&target))
    }
}

fn join(module: &str, child: &str) -> String {
    match module {
        "" => child.to_owned(),
        module => format!("{module}::{child}"),
    }
}

#[derive(Default)]
struct Paths {
    found: Vec<Found>,
}

impl Paths {
    fn add(&mut self, tree: &UseTree, before: &[String], shown: bool) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.add(&path.tree, &with(path.ident.to_string()), shown),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|item| self.add(item, before, shown)),
            UseTree::Name(name) => self.push(with(name.ident.to_string()), shown),
            UseTree::Rename(rename) => self.push(with(rename.ident.to_string()), shown),
            _ => self.push(before.to_vec(), shown),
        }
    }

    fn push(&mut self, names: Vec<String>, shown: bool) {
        self.found.push(Found { names, shown });
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let shown = !matches!(item.vis, syn::Visibility::Inherited);
        self.add(&item.tree, &[], shown);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // Modules in a file are its tests.
        if item.content.is_none() {
            syn::visit::visit_item_mod(self, item);
        }
    }

    /// `pub(in path)` says who may import, and imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|one| one.ident.to_string());
        let names: Vec<String> = names.collect();
        if names.len() > 1 && matches!(names[0].as_str(), "crate" | "self" | "super") {
            self.push(names, false);
        }
        syn::visit::visit_path(self, path);
    }
}

/// Arrows as a document draws them: lines `room -> room room` in a block that is marked ```` ```arrows ````
/// and begins with the name of its folder in brackets.
pub(crate) fn drawn(document: &str, folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let heading = format!("[{folder}]");
    let mut lines = document.lines().skip_while(|line| line.trim() != heading);
    lines.next();
    let block = lines.take_while(|line| !line.starts_with("```") && !line.starts_with('['));
    let arrows = block.filter_map(|line| {
        let (from, to) = line.split_once("->")?;
        let to = to.split_whitespace().map(str::to_owned).collect();
        Some((from.trim().to_owned(), to))
    });
    arrows.collect()
}

/// Arrows in the form in which a document draws them.
pub(crate) fn draw(rooms: &BTreeMap<String, BTreeSet<String>>) -> String {
    let lines = rooms.iter().map(|(from, to)| {
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        format!("{from} -> {}\n", to.join(" "))
    });
    lines.collect()
}
