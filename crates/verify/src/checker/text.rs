//! A report for people.

use std::fmt::{self, Write as _};

use super::{
    describe::{event, time},
    report::{Conclusion, Report, Totals},
    verdict::{CounterExample, Ruling, Verdict},
};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.simulated {
            "simulated"
        } else {
            "on real brokers"
        };
        writeln!(f, "{}, seed {}, {how}", self.name, self.seed)?;
        write!(f, "{}", self.totals)?;
        writeln!(f)?;
        for verdict in self.verdicts.iter().chain([&self.kafka_lost_acked]) {
            write!(f, "{verdict}")?;
        }
        writeln!(f)?;
        f.write_str(match self.conclusion() {
            Conclusion::Held => "held",
            Conclusion::Violated => "VIOLATED",
            Conclusion::KafkaLostAcked => "KAFKA_LOST_ACKED",
        })
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            processes,
            calls,
            executions,
            replies_stored,
            faults,
            ..
        } = self;
        writeln!(
            f,
            "{events} events of {processes} processes, {faults} faults"
        )?;
        writeln!(
            f,
            "{calls} calls, {executions} executions, {replies_stored} replies stored"
        )?;
        for (kind, certainties) in &self.outcomes {
            for (executed, count) in certainties {
                writeln!(f, "  {count:>10} {kind}, executed: {executed}")?;
            }
        }
        if let Some(bound) = self.bound {
            writeln!(
                f,
                "what held for all {} calls that ended is, with 95 % confidence, broken for fewer than {bound:.1e} of them",
                self.ended
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, statement) = (self.invariant.id(), self.invariant.statement());
        match &self.ruling {
            Ruling::Held {
                checked,
                unknown: 0,
            } => {
                writeln!(f, "{id:<4}held      {statement} ({checked} looked at)")
            }
            Ruling::Held { checked, unknown } => writeln!(
                f,
                "{id:<4}held      {statement} ({checked} looked at, {unknown} not known)"
            ),
            Ruling::NotApplicable { why } => writeln!(f, "{id:<4}-         {statement}: {why}"),
            Ruling::Violated { violations, first } => {
                writeln!(
                    f,
                    "{id:<4}VIOLATED  {statement}; {violations} violations, the first"
                )?;
                write!(f, "{first}")
            }
        }
    }
}

impl fmt::Display for CounterExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "    at {}: {}", time(self.at), self.wrong)?;
        let wide = self.events.iter().map(|told| told.process.len()).max();
        let wide = wide.unwrap_or(0);
        let half = self.events.len() / 2;
        for (place, told) in self.events.iter().enumerate() {
            if self.left_out > 0 && place == half {
                writeln!(f, "      … {} more …", self.left_out)?;
            }
            let mut line = String::new();
            write!(line, "{:>16}  {:<wide$}", time(told.at), told.process)?;
            writeln!(f, "      {line}  {}", event(&told.event))?;
        }
        Ok(())
    }
}
