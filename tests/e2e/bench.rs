//! The benchmarks run and print all their figures. The values mean nothing here: they are measured beside other tests
//! and without optimisation.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::support::process::{antiphon_bench, run};
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "bench::a_comparison_prints_figures_and_ratios_of_all_contenders",
        needs: Needs::Kafka,
        run: comparison_is_complete,
    },
    Case {
        name: "bench::micro_benchmarks_print_figures_beside_their_goals",
        needs: Needs::Nothing,
        run: micro_is_complete,
    },
];

const CONTENDERS: [&str; 3] = ["raw-own-5", "rdkafka", "antiphon"];

fn comparison_is_complete(env: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("page.html");
    let mut command = antiphon_bench(["compare", "-b", env.bootstrap_servers()])?;
    command
        .args(["--contenders", &CONTENDERS.join(",")])
        .args(["--in-flight", "10", "--rounds", "1", "--duration", "0.5"])
        .args(["--warmup", "0.2", "-o", "json", "--html"])
        .arg(&page);
    let report: Value = serde_json::from_str(&run(&mut command)?)?;
    let level = &report["levels"][0];
    ensure(
        level["setting"]["in_flight"] == 10 && level["failures"] == Value::Array(Vec::new()),
        format!("{level:#}"),
    )?;
    for name in CONTENDERS {
        let all = level["contenders"].as_array().into_iter().flatten();
        let found = all.into_iter().find(|one| one["contender"] == name);
        complete(found.ok_or_else(|| format!("no {name} in {level:#}"))?)?;
    }
    ensure(level["best_raw"] == "raw-own-5", format!("{level:#}"))?;
    for fact in ["cpu", "kernel", "librdkafka", "rustc", "kafka"] {
        let text = report["machine"][fact].as_str().unwrap_or_default();
        ensure(!text.is_empty(), format!("no {fact} of the machine"))?;
    }
    let page = std::fs::read_to_string(page)?;
    ensure(
        page.contains("<svg") && page.ends_with("</html>"),
        "the page is not whole",
    )
}

/// All figures, as medians and as ratios, and the CPU time by thread.
fn complete(contender: &Value) -> Result<(), Failed> {
    for metric in ["rate", "p50", "p99", "requester_cpu", "responder_cpu"] {
        for table in ["figures", "to_reference", "to_best_raw"] {
            let median = contender[table][metric]["median"].as_f64();
            ensure(
                median.is_some_and(|median| median > 0.0),
                format!("no {metric} among the {table} of {contender:#}"),
            )?;
        }
    }
    for side in ["requester_threads", "responder_threads"] {
        let brokers = contender[side]["librdkafka brokers"].as_f64();
        ensure(
            brokers.is_some_and(|us| us > 0.0),
            format!("no {side} of {contender:#}"),
        )?;
    }
    Ok(())
}

fn micro_is_complete(_: &Env) -> Result<(), Failed> {
    let printed = run(&mut antiphon_bench(["micro", "--quick"])?)?;
    for part in [
        "table/complete, take, insert/1000000",
        "table/sweep/1",
        "packed header/decode request",
        "head/write reply",
        "insert + complete at 1,000,000 pending: ",
        "1,000,000 pending calls: ",
    ] {
        ensure(printed.contains(part), format!("no {part:?} in\n{printed}"))?;
    }
    Ok(())
}
