//! How a walk runs a command: at which servers, through which proxies, and what happens to it meanwhile.

use serde_json::Value;

use super::command::{Command, Outcome, Reach, Trouble};
use super::site::Site;
use super::walk::Walk;
use crate::support::program::Program;
use crate::support::proxy::Hold;
use crate::support::{Fault, FaultProxy, Mishap};

impl Walk {
    /// What was asked of which servers, through a proxy for each.
    fn program(&self, command: Command, reach: &Reach, proxies: &[FaultProxy]) -> Program {
        let program = command.program(&self.scene);
        if let [proxy] = proxies {
            return program.env("MEILISEARCH_HOST", proxy.url());
        }
        let named = reach.sites.iter().zip(proxies);
        let program = named.fold(program, |program, (i, proxy)| {
            let server = format!("{}={}", self.sites[*i].name, proxy.url());
            program.args(["--meilisearch", &server])
        });
        match reach.requires_one {
            true => program.args(["--require", "1"]),
            false => program,
        }
    }

    pub(super) async fn run(
        &mut self,
        command: Command,
        reach: &Reach,
        trouble: Trouble,
    ) -> Outcome {
        let mut proxies = Vec::new();
        for i in &reach.sites {
            proxies.push(self.sites[*i].proxy().await);
        }
        let program = self.program(command, reach, &proxies);
        let unlucky = self.one_of(reach.sites.len());
        let site = self.sites[reach.sites[unlucky]].clone();
        let mut outcome = Outcome {
            code: None,
            said: String::new(),
            report: Value::Null,
            interrupted: false,
            disturbed: false,
            away: None,
        };
        if trouble == Trouble::Away {
            outcome.away = Some(reach.sites[unlucky]);
            self.count(trouble.name());
            // Not by letting go of the port, which another proxy would get.
            proxies[unlucky].always("*", "*", Fault::CutBefore);
        }
        let proxy = &proxies[unlucky];
        let ended = match trouble {
            Trouble::None | Trouble::Away => Some(program.run().await),
            Trouble::Mishap(mishap, k) if may_happen(mishap, &site).await => {
                let restart = async |hold: &Hold| site.restart(|| hold.release()).await;
                mishap.befall(program, proxy, k.into(), restart).await.ended
            }
            Trouble::Mishap(..) => Some(program.run().await),
            Trouble::Interrupt(k) | Trouble::Writer(k) => {
                let hold = proxy.hold_at(k, self.dice.chance(50));
                let mut running = program.start();
                let reached = tokio::select! {
                    () = hold.reached("the request at which it is to happen") => true,
                    () = running.over() => false,
                };
                if reached && matches!(trouble, Trouble::Writer(_)) {
                    outcome.disturbed = true;
                    self.write().await;
                } else if reached {
                    outcome.interrupted = true;
                    running.interrupt();
                }
                hold.release();
                Some(running.ended().await)
            }
        };
        let how = match &ended {
            None => "killed".to_owned(),
            Some(ended) => format!("exit {}", ended.status.code().unwrap_or(-1)),
        };
        let happened = trouble.request().map(|k| proxy.seen().get(k - 1).cloned());
        if let Some(Some(_)) = happened {
            self.count(trouble.name());
        }
        self.count(format!("{}: {how}", command.name()));
        let at = happened
            .flatten()
            .map(|seen| format!(" ({} {})", seen.method, seen.path));
        let who = match self.sites.len() {
            1 => String::new(),
            _ => format!("{reach:?}, at {}: ", site.name),
        };
        self.note(format!(
            "{who}{command:?}, {trouble:?}{}: {how}",
            at.unwrap_or_default()
        ));
        if let Some(ended) = ended {
            outcome.code = Some(ended.status.code().unwrap_or(-1));
            outcome.report = serde_json::from_str(&ended.out).unwrap_or_default();
            outcome.said = format!("{}\n{}", ended.out, ended.err);
        }
        outcome
    }
}

async fn may_happen(mishap: Mishap, site: &Site) -> bool {
    !mishap.kills_the_server() || site.is_ours().await
}
