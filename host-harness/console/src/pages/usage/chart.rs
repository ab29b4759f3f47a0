//! Plots in SVG, made of attributes alone: the page's policy allows no style in place.

use std::collections::BTreeMap;

use provisioning_directory::{Day, DayUsage};

/// The plot's size in its own units; the page scales it.
pub(super) const WIDTH: f64 = 720.0;
pub(super) const HEIGHT: f64 = 220.0;
/// Room for what is written left of and below the plot, and above it.
const LEFT: f64 = 56.0;
const BELOW: f64 = 24.0;
const ABOVE: f64 = 12.0;
/// Functions with a colour of their own; the rest share the last one.
const SERIES: usize = 6;

/// A line across the plot, with its value.
pub(super) struct Tick {
    pub(super) y: f64,
    pub(super) text: String,
}

/// A day written below the plot.
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) text: String,
}

/// The frame of a plot over days.
struct Frame {
    days: Vec<Day>,
    top: f64,
}

impl Frame {
    fn new(days: &[Day], most: f64) -> Self {
        Self { days: days.to_vec(), top: round_up(most) }
    }

    fn step(&self) -> f64 {
        (WIDTH - LEFT) / self.days.len().max(1) as f64
    }

    fn x(&self, index: usize) -> f64 {
        LEFT + self.step() * index as f64
    }

    fn height(&self, value: f64) -> f64 {
        (HEIGHT - BELOW - ABOVE) * value / self.top
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BELOW - self.height(value)
    }

    fn ticks(&self) -> Vec<Tick> {
        [0.0, 0.5, 1.0].map(|share| Tick { y: self.y(self.top * share), text: short(self.top * share) }).into()
    }

    /// The first and the last day, and some in between.
    fn marks(&self) -> Vec<Mark> {
        let every = self.days.len().div_ceil(6).max(1);
        let marked = self.days.iter().enumerate().filter(|(index, _)| index % every == 0);
        marked.map(|(index, day)| Mark { x: self.x(index) + self.step() / 2.0, text: day.to_string() }).collect()
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_up(value: f64) -> f64 {
    let mut base = 1.0;
    while value > base * 10.0 {
        base *= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * base).find(|top| *top >= value).unwrap_or(base * 10.0)
}

fn short(value: f64) -> String {
    if value >= 1e6 {
        format!("{}M", value / 1e6)
    } else if value >= 1e4 {
        format!("{}k", value / 1e3)
    } else {
        value.to_string()
    }
}

/// A part of a bar.
pub(super) struct Part {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) series: usize,
    pub(super) title: String,
}

/// Requests by day, stacked by function.
pub(super) struct Bars {
    pub(super) parts: Vec<Part>,
    pub(super) ticks: Vec<Tick>,
    pub(super) marks: Vec<Mark>,
    /// What each colour stands for.
    pub(super) legend: Vec<(usize, String)>,
    /// All of it in a sentence.
    pub(super) summary: String,
}

impl Bars {
    /// `functions` come in the order in which they are stacked, the lowest first.
    pub(super) fn new(days: &[Day], functions: &[&str], usage: &[DayUsage]) -> Self {
        let series = |name: &str| functions.iter().position(|one| *one == name).unwrap_or(0).min(SERIES - 1);
        let mut by_day: BTreeMap<Day, Vec<&DayUsage>> = BTreeMap::new();
        for one in usage {
            by_day.entry(one.day).or_default().push(one);
        }
        let sum = |day: &Day| by_day.get(day).map_or(0, |all| all.iter().map(|one| one.times.count()).sum::<u64>());
        let (most, total) = (days.iter().map(sum).max().unwrap_or(0), days.iter().map(sum).sum::<u64>());
        let frame = Frame::new(days, most as f64);
        let mut parts = Vec::new();
        for (index, day) in days.iter().enumerate() {
            let mut all = by_day.get(day).cloned().unwrap_or_default();
            all.sort_by_key(|one| functions.iter().position(|name| *name == one.operation));
            let mut below = 0;
            for one in all {
                let count = one.times.count();
                parts.push(Part {
                    x: frame.x(index) + frame.step() * 0.1,
                    y: frame.y((below + count) as f64),
                    width: frame.step() * 0.8,
                    height: frame.height(count as f64),
                    series: series(&one.operation),
                    title: format!("{day}, {}: {count}", one.operation),
                });
                below += count;
            }
        }
        let mut legend: Vec<(usize, String)> = Vec::new();
        for name in functions {
            match legend.last_mut() {
                Some((last, text)) if *last == series(name) => text.push_str(&format!(", {name}")),
                _ => legend.push((series(name), (*name).to_owned())),
            }
        }
        let summary = format!("{total} requests in {} days; at most {most} on one day.", days.len());
        Self { parts, ticks: frame.ticks(), marks: frame.marks(), legend, summary }
    }
}

/// A point of a line.
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) title: String,
}

/// A line: days on which nothing was asked interrupt it.
pub(super) struct Line {
    pub(super) series: usize,
    pub(super) points: Vec<Point>,
    /// The pieces, each as `x,y x,y …`.
    pub(super) pieces: Vec<String>,
}

/// The median and the 95th percentile by day, in milliseconds.
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
    pub(super) ticks: Vec<Tick>,
    pub(super) marks: Vec<Mark>,
    pub(super) summary: String,
}

impl Lines {
    pub(super) fn new(days: &[Day], value: impl Fn(Day, f64) -> Option<f64>) -> Self {
        let shares = [("median", 0.5), ("95 percent", 0.95)];
        let values = shares.map(|(_, share)| days.iter().map(|day| value(*day, share)).collect::<Vec<_>>());
        let most = values.iter().flatten().flatten().copied().fold(0.0, f64::max);
        let frame = Frame::new(days, most);
        let lines = values.iter().zip(shares).enumerate().map(|(series, (values, (name, _)))| {
            let (mut points, mut pieces, mut piece) = (Vec::new(), Vec::new(), Vec::new());
            for (index, (value, day)) in values.iter().zip(days).enumerate() {
                match value {
                    Some(value) => {
                        let (x, y) = (frame.x(index) + frame.step() / 2.0, frame.y(*value));
                        piece.push(format!("{x:.1},{y:.1}"));
                        points.push(Point { x, y, title: format!("{day}, {name}: {value:.0} ms") });
                    }
                    None => pieces.extend((!piece.is_empty()).then(|| std::mem::take(&mut piece).join(" "))),
                }
            }
            pieces.extend((!piece.is_empty()).then(|| piece.join(" ")));
            Line { series, points, pieces }
        });
        let summary = format!("The slowest day's 95 percent took {most:.0} ms.");
        Self { lines: lines.collect(), ticks: frame.ticks(), marks: frame.marks(), summary }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use provisioning_directory::Timestamp;
    use provisioning_runtime::Histogram;

    fn usage(day: Day, operation: &str, calls: u64) -> DayUsage {
        let mut times = Histogram::default();
        (0..calls).for_each(|_| times.observe(Duration::from_millis(40)));
        DayUsage { day, operation: operation.to_owned(), failures: 0, times }
    }

    #[test]
    fn bars_stand_on_each_other_and_stay_inside_the_plot() {
        let today = Day::of(Timestamp::now());
        let days: Vec<Day> = today.before(6).to(today).collect();
        let usage = [usage(today, "open", 3), usage(today, "push-users", 10)];
        let bars = Bars::new(&days, &["push-users", "open"], &usage);
        assert_eq!(bars.parts.len(), 2);
        let (lower, upper) = (&bars.parts[0], &bars.parts[1]);
        assert_eq!((lower.series, upper.series), (0, 1));
        assert!((upper.y + upper.height - lower.y).abs() < 1e-9, "no gap between them");
        assert!(upper.y >= ABOVE && lower.x + lower.width <= WIDTH);
        assert!(bars.summary.starts_with("13 requests in 7 days"));
        assert_eq!(bars.ticks.last().unwrap().text, "20");
    }

    #[test]
    fn days_without_requests_interrupt_a_line() {
        let today = Day::of(Timestamp::now());
        let days: Vec<Day> = today.before(4).to(today).collect();
        let gap = days[2];
        let lines = Lines::new(&days, |day, share| (day != gap).then_some(100.0 * share));
        assert_eq!(lines.lines[0].pieces.len(), 2);
        assert_eq!(lines.lines[1].points.len(), 4);
        assert!(Lines::new(&days, |_, _| None).lines[0].pieces.is_empty());
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        for (value, top) in [(0.0, 1.0), (1.0, 1.0), (13.0, 20.0), (499.0, 500.0), (70_000.0, 100_000.0)] {
            assert!((round_up(value) - top).abs() < 1e-9, "{value}: {}", round_up(value));
        }
    }
}
