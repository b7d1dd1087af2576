//! One page that shows everything and needs nothing: no script, no network.

mod chart;
mod tables;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    contender::{Contender, REFERENCE},
    reached::METRICS,
    report::{Comparison, Report},
};

const STYLE: &str = include_str!("style.css");

pub(super) fn page(report: &Report) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Antiphon beside the raw librdkafka loop" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Antiphon beside the raw librdkafka loop" }
                    p.lead { (lead(report)) }
                }
                main {
                    @if !report.levels.is_empty() { (levels(report)) }
                    @if !report.shapes.is_empty() { (shapes(report)) }
                    (tables::account(report))
                    (failures(report))
                    (method(report))
                    (machine(report))
                }
            }
        }
    };
    page.into_string()
}

fn lead(report: &Report) -> String {
    let method = &report.method;
    format!(
        "Requests and replies over one Kafka, all contenders in turn, {} {} of {} s each.",
        method.rounds,
        if method.rounds == 1 {
            "round"
        } else {
            "rounds"
        },
        method.duration_seconds
    )
}

fn levels(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Closed loop" }
            (legend(report))
            @for level in &report.levels {
                h3 { (level.title()) }
                (tables::goals(level))
                div.charts {
                    @for metric in METRICS { (chart::bars(level, metric)) }
                }
                details {
                    summary { "Figures and ratios at " (level.title()) }
                    (tables::figures(level))
                }
            }
        }
    }
}

fn legend(report: &Report) -> Markup {
    let shown = |one: &Contender| {
        let mut levels = report.levels.iter();
        levels.any(|level| level.of(Some(*one)).is_some())
    };
    let all = <Contender as clap::ValueEnum>::value_variants();
    html! {
        ul.legend {
            @for one in all.iter().filter(|one| shown(one)) {
                li { span class={ "key " (one.name()) } aria-hidden="true" {} " " (one.title()) }
            }
        }
    }
}

fn shapes(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Adverse shapes" }
            p { "The best raw loop of each shape, and Antiphon; ratios are Antiphon's to that loop." }
            (tables::shapes(&report.shapes))
        }
    }
}

fn failures(report: &Report) -> Markup {
    let all: Vec<(String, &String)> = all(report)
        .flat_map(|one| one.failures.iter().map(|failure| (one.title(), failure)))
        .collect();
    html! {
        @if !all.is_empty() {
            section {
                h2 { "Runs that failed" }
                ul { @for (title, failure) in &all { li { (title) ": " (failure) } } }
            }
        }
    }
}

fn method(report: &Report) -> Markup {
    let method = &report.method;
    html! {
        section {
            h2 { "Method" }
            p {
                "Requester and responder are processes of their own. Topics are made anew for every run. "
                (method.warmup_seconds) " s pass before " (method.duration_seconds)
                " s are measured. In each round every contender runs once, each time in another order; a ratio is the \
                 median of the rounds' ratios, so what changes slowly on the machine hits both sides. The first, short \
                 run of each contender on a Kafka is thrown away."
            }
            p {
                "The raw loops are written by hand on librdkafka: a cached topic handle, batches from the consumer's \
                 queue, the next request sent from the thread that has read a reply, no timeouts, no checks. “Own \
                 wire” is the fewest headers that do, “our wire” is Antiphon's; the number is librdkafka's "
                code { "max.in.flight" } ". Ratios are to “" (REFERENCE.title()) "” unless they say otherwise. CPU is \
                 that of all threads of a process, as the kernel counts it, divided by the replies."
            }
        }
    }
}

fn machine(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Machine" }
            dl { @for (name, value) in report.machine.facts() { dt { (name) } dd { (value) } } }
        }
    }
}

fn all(report: &Report) -> impl Iterator<Item = &Comparison> {
    report.levels.iter().chain(&report.shapes)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{machine::Machine, report::Method, report::tests::example},
        *,
    };

    fn report() -> Report {
        Report {
            machine: Machine::this(None),
            method: Method {
                rounds: 3,
                warmup_seconds: 2.0,
                duration_seconds: 5.0,
                reference: REFERENCE,
            },
            levels: vec![example()],
            shapes: vec![example()],
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = page(&report());
        for outside in ["src=", "href=", "@import", "url(", "<script"] {
            assert!(!page.contains(outside), "the page has {outside}");
        }
    }

    #[test]
    fn what_workers_say_is_no_markup() {
        let page = page(&report());
        assert!(page.contains("it &lt;broke&gt;") && !page.contains("<broke>"));
    }

    #[test]
    fn every_chart_says_in_words_what_it_shows() {
        let page = page(&report());
        let charts = page.matches("<svg").count();
        assert_eq!(charts, METRICS.len());
        assert_eq!(page.matches("role=\"img\"").count(), charts);
        assert!(page.contains("rate/s at 100 in flight: raw, own wire, 5 100; "));
    }

    #[test]
    fn tags_are_closed() {
        let page = page(&report());
        for tag in [
            "svg", "table", "section", "details", "tr", "ul", "dl", "figure",
        ] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            let closed = page.matches(&format!("</{tag}>")).count();
            assert_eq!(opened, closed, "{tag}");
            assert!(opened > 0, "no {tag}");
        }
    }
}
