//! A row second by second: how calls ended, how many were in flight, and when there were faults.

use maud::{Markup, html};

use super::{RowReport, Second};

// In units of the drawing.
const WIDTH: f64 = 900.0;
const LEFT: f64 = 44.0;
const HEIGHT: f64 = 130.0;
const FLOW: f64 = 60.0;
const GAP: f64 = 26.0;

/// A kind of outcome: its class, and how many there were in a second.
type Kind = (&'static str, fn(&Second) -> u64);

/// From the ground up.
pub(super) const KINDS: [Kind; 4] = [
    ("ok", |second| second.ok),
    ("yes", |second| second.yes),
    ("maybe", |second| second.maybe),
    ("no", |second| second.no),
];

pub(super) fn time_line(row: &RowReport) -> Markup {
    let seconds = &row.seconds;
    let most = seconds.iter().map(ended).max().unwrap_or(0).max(1);
    let fullest = seconds
        .iter()
        .map(|one| one.in_flight)
        .max()
        .unwrap_or(0)
        .max(1);
    let across = Across::new(seconds.len());
    let floor = HEIGHT + GAP + FLOW;
    html! {
        svg role="img" viewBox={ "0 0 " (WIDTH) " " (floor + 22.0) } aria-label=(words(row)) {
            @for fault in &row.faults {
                @let (from, to) = (across.at(fault.from), across.at(fault.to.unwrap_or(across.end)));
                rect.fault x=(short(from)) y="0" width=(short((to - from).max(1.0))) height=(short(floor)) {
                    title { (fault.kind) ", " (fault.detail) }
                }
            }
            @if let Some(healed) = row.healed {
                line.healed x1=(short(across.at(healed))) x2=(short(across.at(healed))) y1="0" y2=(short(floor)) {}
            }
            @for (at, second) in seconds.iter().enumerate() { (bar(second, across.second(at), across.each, most)) }
            path.flow d=(flow(seconds, &across, fullest, floor)) {}
            (label(8.0, &format!("{most}/s")))
            (label(HEIGHT + GAP - 6.0, &format!("{fullest} in flight")))
            (ticks(&across, floor))
        }
    }
}

/// Where a time is.
struct Across {
    each: f64,
    end: f64,
}

impl Across {
    fn new(seconds: usize) -> Self {
        let end = number(seconds.max(1));
        Self {
            each: (WIDTH - LEFT) / end,
            end,
        }
    }

    fn at(&self, time: f64) -> f64 {
        LEFT + time.min(self.end) * self.each
    }

    fn second(&self, at: usize) -> f64 {
        LEFT + number(at) * self.each
    }
}

fn bar(second: &Second, x: f64, width: f64, most: u64) -> Markup {
    let mut below = 0;
    let parts = KINDS.map(|(class, of)| {
        let count = of(second);
        below += count;
        let scale = HEIGHT / count_of(most);
        (
            class,
            HEIGHT - count_of(below) * scale,
            count_of(count) * scale,
        )
    });
    html! {
        @for (class, y, height) in parts.into_iter().filter(|(_, _, height)| *height > 0.0) {
            rect class=(class) x=(short(x)) y=(short(y)) width=(short((width - 0.2).max(0.3))) height=(short(height)) {}
        }
    }
}

fn flow(seconds: &[Second], across: &Across, fullest: u64, floor: f64) -> String {
    let points = seconds.iter().enumerate().map(|(at, second)| {
        let x = across.second(at) + across.each;
        let y = floor - count_of(second.in_flight) * FLOW / count_of(fullest);
        format!("{} {}", short(x), short(y))
    });
    let points: Vec<_> = points.collect();
    if points.is_empty() {
        return String::new();
    }
    format!("M{}", points.join("L"))
}

fn label(y: f64, text: &str) -> Markup {
    html! { text.axis x="0" y=(short(y)) { (text) } }
}

fn ticks(across: &Across, floor: f64) -> Markup {
    let step = if across.end > 150.0 { 30 } else { 10 };
    html! {
        @for second in (0..).step_by(step).take_while(|second| f64::from(*second) <= across.end) {
            text.tick x=(short(across.at(f64::from(second)))) y=(short(floor + 14.0)) { (second) " s" }
        }
    }
}

/// What is shown, for who does not see it.
fn words(row: &RowReport) -> String {
    let total = row.total();
    format!(
        "{} calls in {} seconds: {} ok, {} errors not executed, {} maybe, {} executed; {} faults",
        total.begun,
        row.seconds.len(),
        total.ok,
        total.no,
        total.maybe,
        total.yes,
        row.faults.len()
    )
}

fn ended(second: &Second) -> u64 {
    KINDS.iter().map(|(_, of)| of(second)).sum()
}

#[expect(clippy::cast_precision_loss, reason = "seconds of one run")]
fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "calls of one second")]
fn count_of(count: u64) -> f64 {
    count as f64
}

fn short(value: f64) -> String {
    format!("{value:.1}")
}
