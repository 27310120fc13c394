//! What services write to their logs: lines as a function of time, so that no line has to be kept.

use crate::lab::world::Voice;

use super::lifecycle::course_of;
use super::shell::Stream;
use super::sim_container::{MILLI, Nanos, SECOND, SimContainer, rfc3339};

/// A line of a log.
#[derive(Clone, Debug)]
pub(super) struct LogLine {
    pub(super) at: Nanos,
    pub(super) stream: Stream,
    pub(super) text: String,
}

/// The part of a run that a log is read from: its start and its end, 0 while it goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) started: Nanos,
    pub(super) finished: Nanos,
    pub(super) code: i32,
    pub(super) oom: bool,
}

/// Mean time between two lines.
pub(super) fn pace(voice: Voice) -> Nanos {
    match voice {
        Voice::Web => 700 * MILLI,
        Voice::Json => 1_100 * MILLI,
        Voice::Java => 1_900 * MILLI,
        Voice::Worker => 2_600 * MILLI,
        Voice::Database => 6 * SECOND,
        Voice::Agent => 17 * SECOND,
    }
}

/// The `index`th line of a run; `None` beyond its end.
pub(super) fn line(container: &SimContainer, voice: Voice, span: Span, index: i64) -> Option<LogLine> {
    let pace = pace(voice);
    let mut random =
        fastrand::Rng::with_seed(u64::from(container.seed) ^ index.unsigned_abs().wrapping_mul(0x9e37_79b9) ^ span.started.unsigned_abs());
    let at = span.started + index * pace + Nanos::from(random.u32(..1000)) * pace / 1000;
    if span.finished != 0 && at >= span.finished {
        return None;
    }
    let (stream, text) = match index {
        0 => (Stream::Out, hello(container, voice, at)),
        _ => word(container, voice, at, &mut random),
    };
    Some(LogLine { at, stream, text })
}

/// What a process says last, where it ends badly.
pub(super) fn last_words(container: &SimContainer, voice: Voice, span: Span) -> Vec<LogLine> {
    let line = |before: Nanos, text: String| LogLine { at: span.finished - before * MILLI, stream: Stream::Err, text };
    let stamp = |before: Nanos| stamp(span.finished - before * MILLI);
    match (span.oom, span.code, voice) {
        // Who is killed by the kernel says nothing.
        (true, ..) | (_, 0 | 137 | 139, _) => Vec::new(),
        (_, 143, _) => vec![line(20, format!("{} INFO  received SIGTERM, draining connections", stamp(20)))],
        (_, _, Voice::Java) => vec![
            line(30, format!("{} ERROR [main] c.e.Application - Application run failed", stamp(30))),
            line(29, "java.lang.IllegalStateException: Failed to obtain JDBC Connection".to_owned()),
            line(29, "\tat com.example.db.Pool.borrow(Pool.java:118)".to_owned()),
            line(28, "Caused by: java.net.ConnectException: Connection refused (10.1.3.21:3306)".to_owned()),
        ],
        (_, code, Voice::Json) => vec![line(
            12,
            format!(
                "{{\"ts\":\"{}\",\"level\":\"fatal\",\"msg\":\"连接 redis 失败, 退出\",\"addr\":\"cache:6379\",\"code\":{code}}}",
                rfc3339(span.finished)
            ),
        )],
        (_, 2, _) => vec![
            line(15, "panic: no such table: orders_2026_11".to_owned()),
            line(15, "goroutine 1 [running]:".to_owned()),
            line(14, "main.main()\n\t/src/main.go:87 +0x1d4".replace('\n', " ")),
        ],
        (_, code, _) => vec![line(10, format!("{} FATAL {} exits with code {code}", stamp(10), container.name))],
    }
}

fn hello(container: &SimContainer, voice: Voice, at: Nanos) -> String {
    match voice {
        Voice::Java => format!(
            "{} INFO  [main] c.e.Application - Started Application in 6.{} seconds (JVM running for 7.1)",
            stamp(at),
            container.seed % 900 + 100
        ),
        Voice::Json => {
            format!("{{\"ts\":\"{}\",\"level\":\"info\",\"msg\":\"服务已启动\",\"image\":\"{}\"}}", rfc3339(at), container.spec.image)
        }
        Voice::Database => format!(
            "{} [System] [Server] ready for connections. Version: '{}'",
            rfc3339(at),
            container.spec.image.rsplit(':').next().unwrap_or("")
        ),
        _ => format!("{} INFO  {} starting, pid 1", stamp(at), container.spec.image),
    }
}

fn word(container: &SimContainer, voice: Voice, at: Nanos, random: &mut fastrand::Rng) -> (Stream, String) {
    const PATHS: [&str; 7] =
        ["/", "/api/v1/orders", "/api/v1/pay", "/static/app.js", "/api/v1/coupons?city=北京", "/healthz", "/api/v1/users/me"];
    const CITIES: [&str; 5] = ["北京", "上海", "成都", "广州", "武汉"];
    let (millis, number) = (random.u32(2..90), random.u32(1_000..99_999));
    let city = CITIES[random.usize(..CITIES.len())];
    let luck = random.u16(..1000);
    match voice {
        Voice::Web if luck < 12 => (Stream::Err, format!("{} ERROR upstream timeout after 5 s, request {number}", stamp(at))),
        Voice::Web => {
            let (path, code) = (PATHS[random.usize(..PATHS.len())], if luck < 30 { 404 } else { 200 });
            (
                Stream::Out,
                format!(
                    "10.1.{}.{} - - [{}] \"GET {path} HTTP/1.1\" {code} {number} {millis}ms",
                    random.u8(1..9),
                    random.u8(2..250),
                    stamp(at)
                ),
            )
        }
        Voice::Json if luck < 25 => (
            Stream::Err,
            format!(
                "{{\"ts\":\"{}\",\"level\":\"warn\",\"msg\":\"slow query\",\"took_ms\":{},\"trace\":\"{number:x}\"}}",
                rfc3339(at),
                millis * 40
            ),
        ),
        Voice::Json => (
            Stream::Out,
            format!(
                "{{\"ts\":\"{}\",\"level\":\"info\",\"msg\":\"request\",\"city\":\"{city}\",\"took_ms\":{millis},\"trace\":\"{number:x}\"}}",
                rfc3339(at)
            ),
        ),
        Voice::Java if luck < 20 => (
            Stream::Err,
            format!("{} WARN  [http-nio-{}] c.e.pay.RetryPolicy - 第 {} 次重试, 订单 {number}", stamp(at), millis % 16, millis % 3 + 1),
        ),
        Voice::Java if luck < 26 => (
            Stream::Err,
            format!("{} ERROR [http-nio-{}] c.e.pay.Channel - 渠道超时 channel=unionpay order={number}", stamp(at), millis % 16),
        ),
        Voice::Java => (
            Stream::Out,
            format!(
                "{} INFO  [http-nio-{}] c.e.pay.OrderService - order {number} paid in {millis} ms, city={city}",
                stamp(at),
                millis % 16
            ),
        ),
        Voice::Worker if course_of(container).is_some_and(|(_, ending)| ending.oom) && luck < 300 => {
            (Stream::Err, format!("{} WARN  heap is growing: {} segments not merged", stamp(at), (at - container.started) / SECOND * 3))
        }
        Voice::Worker => (Stream::Out, format!("{} INFO  batch {number} done: {} rows in {millis} ms", stamp(at), number / 7)),
        Voice::Database if luck < 60 => (Stream::Err, format!("{} [Warning] [InnoDB] page_cleaner took {}ms", rfc3339(at), millis * 60)),
        Voice::Database => (Stream::Out, format!("{} [Note] checkpoint at {number}, {millis} dirty pages flushed", rfc3339(at))),
        Voice::Agent => (Stream::Out, format!("{} level=info msg=\"sent\" events={number} lag={millis}ms", rfc3339(at))),
    }
}

/// `2026-11-23 12:04:05.123`, as logs in Beijing write it.
fn stamp(at: Nanos) -> String {
    let zoned =
        jiff::Timestamp::from_nanosecond(i128::from(at)).map(|stamp| stamp.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))));
    zoned.map_or_else(|_| String::new(), |zoned| zoned.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string())
}
