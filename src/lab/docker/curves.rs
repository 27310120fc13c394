//! Figures that look alive: what a container has used since its start, as formulas of time, the same however often they are asked.

use std::f64::consts::TAU;

use super::lifecycle::course_of;
use super::sim_container::{Nanos, SECOND, SimContainer};

/// Seconds of a day; the tide is highest in the late morning of Beijing.
const DAY: f64 = 86_400.0;
const HIGH_TIDE: f64 = 3.0 * 3600.0;
/// Warming up: extra work just after a start, and how fast it fades.
const WARM_UP: (f64, f64) = (1.6, 9.0);
/// Swings around the mean: period in seconds, share. With the tide they stay below the whole, so nothing runs backwards.
const SWINGS: [(f64, f64); 5] = [(1847.0, 0.11), (431.0, 0.09), (97.0, 0.08), (23.0, 0.06), (7.3, 0.05)];

/// What a container has used since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// Nanoseconds of processor.
    pub(super) cpu: u64,
    /// Bytes without the page cache, now.
    pub(super) memory: u64,
    /// Bytes of page cache, now.
    pub(super) cache: u64,
    pub(super) received: u64,
    pub(super) sent: u64,
}

impl Used {
    /// At a time while it runs; a paused one should be asked for the time of its pause.
    pub(super) fn at(container: &SimContainer, now: Nanos, cores: u32) -> Self {
        let up = seconds(now - container.started).max(0.0);
        let Some(habits) = container.habits() else {
            return Self { cpu: whole(31e6 + up * 40e3), memory: 53_248, cache: 4_096, received: whole(up * 12.0), sent: whole(up * 5.0) };
        };
        let most = f64::from(cores).min(if container.spec.nano_cpus == 0 { f64::MAX } else { real(container.spec.nano_cpus) / 1e9 });
        let mean = (habits.cpu / 1000.0 * unevenness(container.seed)).min(most * 0.5);
        let work = integral(container.seed, habits.tide, container.started, now);
        let busy = mean * work + mean * WARM_UP.0 * WARM_UP.1 * (1.0 - (-up / WARM_UP.1).exp());
        let traffic = habits.net * unevenness(container.seed.rotate_left(9)) * work;
        Self {
            cpu: whole(busy * 1e9),
            memory: whole(memory(container, habits.memory, now)),
            cache: whole(habits.memory * 0.18 * (1.0 - (-up / 600.0).exp())),
            received: whole(traffic),
            sent: whole(traffic * 1.9),
        }
    }
}

fn memory(container: &SimContainer, usual: f64, now: Nanos) -> f64 {
    let up = seconds(now - container.started).max(0.0);
    let settled = usual * (0.4 + 0.6 * (1.0 - (-up / 25.0).exp()));
    let breath = 1.0 + 0.05 * swing(container.seed, 613.0, seconds(now)) + 0.02 * swing(container.seed >> 3, 41.0, seconds(now));
    let limit = if container.spec.memory == 0 { f64::MAX } else { real(container.spec.memory) };
    let leak = match course_of(container) {
        // On its way to the limit, which it reaches when it is killed for it.
        Some((after, ending)) if ending.oom && container.spec.memory > 0 => (limit - usual).max(0.0) * (up / seconds(after)).min(1.0),
        _ => 0.0,
    };
    (settled * unevenness(container.seed.rotate_left(17)) * breath + leak).clamp(1e6, limit * 0.997)
}

/// The area under `1 + tide + swings` in seconds.
fn integral(seed: u32, tide: f64, from: Nanos, to: Nanos) -> f64 {
    let (from, to) = (seconds(from), seconds(to));
    let area = |period: f64, share: f64, at: f64| -share * period / TAU * (TAU * at / period).cos();
    let wave = |period: f64, share: f64, shift: f64| area(period, share, to + shift) - area(period, share, from + shift);
    let tides = wave(DAY, tide * 0.75, DAY / 4.0 - HIGH_TIDE) + wave(DAY / 2.0, tide * 0.25, DAY / 8.0 - HIGH_TIDE);
    let swings: f64 =
        SWINGS.iter().zip(1u32..).map(|((period, share), n)| wave(period * stretch(seed, n), *share, phase(seed, n, *period))).sum();
    (to - from + tides + swings).max(0.0)
}

fn swing(seed: u32, period: f64, at: f64) -> f64 {
    (TAU * (at + phase(seed, 77, period)) / period).sin()
}

/// Replicas of a service are alike, not equal: 0.75 to 1.25.
fn unevenness(seed: u32) -> f64 {
    0.75 + 0.5 * fraction(seed, 5)
}

/// No two containers swing in step.
fn stretch(seed: u32, n: u32) -> f64 {
    0.8 + 0.4 * fraction(seed, n + 20)
}

fn phase(seed: u32, n: u32, period: f64) -> f64 {
    period * fraction(seed, n + 40)
}

fn fraction(seed: u32, n: u32) -> f64 {
    let mut mixed = seed ^ n.wrapping_mul(0x9e37_79b9);
    mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x85eb_ca6b);
    mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
    f64::from(mixed ^ (mixed >> 16)) / f64::from(u32::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "figures for people: 2^53 nanoseconds of difference do not show")]
fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / SECOND as f64
}

#[allow(clippy::cast_precision_loss, reason = "byte counts below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn whole(value: f64) -> u64 {
    value.clamp(0.0, 9e18) as u64
}
