//! One answer asks what it needs and no more; a console asks everything.

use super::*;

async fn once(lab: &Lab, questions: &[Question]) -> Arc<Fleet> {
    let bench = Bench::over(lab, Ask { interest: PollMode::Once, questions, ..Ask::console() }).await;
    let told = |r: &Registry| questions.iter().all(|question| r.holdings.complete.contains(question));
    bench.until("yongfeng", "what was asked for", told).await;
    let fleet = bench.until("tucheng", "what was asked for", told).await;
    bench.close().await;
    fleet
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_question_reads_what_it_hangs_on_and_nothing_else() {
    let lab = lab(TWO).await;
    let fleet = once(&lab, &[Question::Projects, Question::Quotas]).await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    let payment = holdings.project("payment").expect("payment");
    assert_eq!(holdings.usage(payment).and_then(|usage| usage.hard), Some(20 << 30));
    assert!(payment.members.is_none() && payment.repositories.is_none() && payment.summary.is_none());
    for part in ["/members", "/repositories", "/artifacts", "/robots", "/replication", "/jobservice", "/summary", "/preheat"] {
        assert_eq!(asked(&lab, "yongfeng", part), 0, "{part}");
    }

    let fleet = once(&lab, &[Question::Members]).await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    assert!(holdings.projects.as_ref().is_some_and(|all| all.iter().all(|p| p.members.is_some())));
    assert_eq!(asked(&lab, "yongfeng", "/members"), holdings.projects.as_ref().map_or(0, Vec::len));
    assert_eq!(asked(&lab, "yongfeng", "/artifacts") + asked(&lab, "yongfeng", "/repositories"), 0);

    let fleet = once(&lab, &[Question::Artifacts]).await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    assert_eq!((tags(holdings, "payment/core/api").len(), tags(holdings, "search/query").len()), (3, 2));

    let before = asked(&lab, "yongfeng", "/members");
    let fleet = once(&lab, &[Question::Executions]).await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    assert!(holdings.runs.is_some() && holdings.projects.is_none());
    assert_eq!(asked(&lab, "yongfeng", "/members"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_is_told_everything_in_its_end() {
    let lab = lab(TWO).await;
    let bench = Bench::over(&lab, Ask::console()).await;
    let fleet = bench.whole("yongfeng").await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    assert!(holdings.denied.is_empty(), "{:?}", holdings.denied);
    assert!(holdings.users.is_some() && holdings.robots.is_some() && holdings.quotas.is_some() && holdings.audit.is_some());
    let payment = holdings.project("payment").expect("payment");
    assert!(payment.members.is_some() && payment.robots.is_some() && payment.denied.is_empty());
    assert_eq!(tags(holdings, "payment/web").len(), 3);
    // The list of quotas says what a summary of each would.
    assert_eq!(asked(&lab, "yongfeng", "/summary"), 0);
    assert!(holdings.usage(payment).is_some());
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_by_the_clock_of_a_registry_asks_for_that_clock() {
    let off = TWO.replacen("idc = \"yongfeng\"", "idc = \"yongfeng\"\nskew_seconds = 95", 1);
    let lab = lab(&off).await;
    for noun in ["projects", "repositories", "artifacts", "tags", "robots", "audit", "executions", "preheat"] {
        let questions = wharf::tables::noun(noun).expect("a noun").questions();
        let fleet = once(&lab, questions).await;
        let ahead = |name| {
            let now = wharf::model::clock::Stamp(0);
            fleet.registry(name).expect("declared").holdings.there(now).0 / 1_000
        };
        assert!((94..=96).contains(&ahead("yongfeng")) && ahead("tucheng") == 0, "{noun}: {} s", ahead("yongfeng"));
    }
}
