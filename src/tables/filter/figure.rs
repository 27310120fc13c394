//! Comparing a column's figure with one that a person wrote: `>50`, `<=1.5GiB`, `>5m`.

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compare {
    than: Than,
    figure: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Than {
    More,
    AtLeast,
    Less,
    AtMost,
}

impl Compare {
    /// `None` while the figure is not typed yet.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Fault> {
        let (than, figure) = [(">=", Than::AtLeast), ("<=", Than::AtMost), (">", Than::More), ("<", Than::Less)]
            .into_iter()
            .find_map(|(sign, than)| text.strip_prefix(sign).map(|figure| (than, figure.trim())))
            .unwrap_or((Than::AtLeast, text));
        if figure.is_empty() {
            return Ok(None);
        }
        let figure = read(figure).ok_or_else(|| {
            let word = clean(figure);
            let cause = Text::made(format!("'{word}' is not a figure"), format!("“{word}”不是数字"));
            Fault::new(
                "filter",
                FaultKind::Usage,
                cause,
                Text::new("write one such as 50, 50%, 1.5GiB, 5m", "请写成 50、50%、1.5GiB、5m 这样"),
            )
        })?;
        Ok(Some(Self { than, figure }))
    }

    pub(super) fn holds(self, number: f64) -> bool {
        match self.than {
            Than::More => number > self.figure,
            Than::AtLeast => number >= self.figure,
            Than::Less => number < self.figure,
            Than::AtMost => number <= self.figure,
        }
    }
}

/// Percent as it stands; sizes in powers of 1024; times in seconds (`m` is minutes, `M` is MiB).
fn read(text: &str) -> Option<f64> {
    let unit_at = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.parse().ok()?;
    let factor = match unit.trim_end_matches("/s") {
        "" | "%" | "s" | "B" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "k" | "K" | "kB" | "KB" | "KiB" => 1024.0,
        "M" | "MB" | "MiB" => 1024.0 * 1024.0,
        "g" | "G" | "GB" | "GiB" => 1024.0 * 1024.0 * 1024.0,
        "t" | "T" | "TB" | "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units() {
        let all = ["50", "50%", "1.5GiB", "5m", "2M", "10M/s", "x", "5 parsecs"].map(read);
        let mib = 1024.0 * 1024.0;
        let wanted = [Some(50.0), Some(50.0), Some(1536.0 * mib), Some(300.0), Some(2.0 * mib), Some(10.0 * mib), None, None];
        assert_eq!(all, wanted);
    }

    #[test]
    fn signs_compare() {
        let holds = |text: &str, number| Compare::parse(text).map(|c| c.is_some_and(|c| c.holds(number)));
        assert_eq!(holds(">5", 5.0), Ok(false));
        assert_eq!(holds(">=5", 5.0), Ok(true));
        assert_eq!(holds("<5", 4.0), Ok(true));
        assert_eq!(holds("<=5", 6.0), Ok(false));
        assert_eq!(Compare::parse(">"), Ok(None));
        assert!(Compare::parse(">many").is_err());
    }
}
