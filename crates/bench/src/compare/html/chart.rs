//! Bars, one per contender, with what lies between the rounds.

use maud::{Markup, html};

use super::super::{
    contender::Contender, measured::Measured, reached::Metric, report::Comparison,
    statistics::Spread,
};

// In units of the drawing.
const WIDTH: f64 = 320.0;
const NAMES: f64 = 104.0;
const VALUES: f64 = 62.0;
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;

pub(super) fn bars(of: &Comparison, metric: &Metric) -> Markup {
    let rows: Vec<Row<'_>> = of
        .contenders
        .iter()
        .filter_map(|one| Row::new(one, metric))
        .collect();
    let longest = rows.iter().map(|row| row.spread.max).fold(0.0, f64::max);
    let height = rows.iter().fold(0.0, |sum, _| sum + ROW);
    let heading = heading(metric);
    html! {
        figure {
            figcaption { (heading) }
            svg role="img" viewBox={ "0 0 " (WIDTH) " " (height) } aria-label=(words(of, metric, &rows)) {
                @for (row, top) in rows.iter().zip(tops()) { (row.draw(top, longest)) }
            }
        }
    }
}

fn heading(metric: &Metric) -> String {
    let better = if metric.more_is_better {
        "more is better"
    } else {
        "less is better"
    };
    format!("{} ({better})", metric.title)
}

/// What the chart shows, for who does not see it.
fn words(of: &Comparison, metric: &Metric, rows: &[Row<'_>]) -> String {
    let shown = rows.iter().map(|row| format!("{} {}", row.name, row.value));
    let shown: Vec<_> = shown.collect();
    format!("{} at {}: {}", metric.title, of.title(), shown.join("; "))
}

fn tops() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(0.0), |top| Some(top + ROW))
}

struct Row<'a> {
    contender: Contender,
    name: &'a str,
    value: String,
    spread: Spread,
}

impl<'a> Row<'a> {
    fn new(of: &'a Measured, metric: &Metric) -> Option<Self> {
        let spread = *of.figures.get(metric.key)?;
        Some(Self {
            contender: of.contender,
            name: of.contender.title(),
            value: metric.text(spread.median),
            spread,
        })
    }

    fn draw(&self, top: f64, longest: f64) -> Markup {
        let scale = (WIDTH - NAMES - VALUES) / longest.max(f64::MIN_POSITIVE);
        let [min, median, max] =
            [self.spread.min, self.spread.median, self.spread.max].map(|value| value * scale);
        let middle = top + ROW / 2.0;
        html! {
            text.name x=(at(NAMES - 6.0)) y=(at(middle)) { (self.name) }
            rect class=(self.contender.name()) x=(at(NAMES)) y=(at(middle - BAR / 2.0)) width=(at(median.max(1.0)))
                height=(at(BAR)) rx="2" {}
            @if max > min {
                line.spread x1=(at(NAMES + min)) x2=(at(NAMES + max)) y1=(at(middle)) y2=(at(middle)) {}
            }
            text.value x=(at(NAMES + max.max(1.0) + 5.0)) y=(at(middle)) { (self.value) }
        }
    }
}

/// A place in the drawing.
fn at(value: f64) -> String {
    format!("{value:.1}")
}
