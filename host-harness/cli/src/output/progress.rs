//! How far long work is, on standard error, where that is a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar for long work on standard error; shown on a terminal only. Without a known `total` it counts. Work that goes on where it was
/// cut off has `done` behind it, which counts as no speed.
pub(crate) fn progress(label: &'static str, done: u64, total: Option<u64>) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total)
            .with_style(style("{msg} {bar:30} {human_pos} of {human_len} ({rate} a second, {eta} left)")),
        None => ProgressBar::no_length().with_style(style("{spinner} {msg} {human_pos} ({rate} a second)")),
    };
    bar.set_draw_target(if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    });
    bar.set_message(label);
    bar.set_position(done);
    bar.reset_eta();
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        // A line that can't be drawn is drawn again soon.
        let _ = write!(out, "{}", whole(state.per_sec()));
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("rate", rate)
}

/// A rate, to the nearest whole number.
fn whole(rate: f64) -> HumanCount {
    // A cast from a float saturates, and makes 0 of NaN.
    HumanCount(rate.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_no_fractions() {
        assert_eq!(whole(7_580.281_9).to_string(), "7,580");
        assert_eq!(whole(f64::NAN).to_string(), "0");
    }
}
