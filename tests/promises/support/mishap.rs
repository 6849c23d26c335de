//! What goes wrong at one request of a run, and the run that meets it.

use super::point::Point;
use super::program::{Ended, Program};
use super::proxy::{Fault, FaultProxy, Hold};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The connection ends before the server has heard anything.
    CutBefore,
    /// It ends in the middle of the request's body.
    CutInBody,
    /// The server does what was asked, and its answer is lost.
    AnswerLost,
    /// 503, once.
    Unavailable,
    /// 502 with a page of HTML.
    BadGateway,
    /// 429.
    TooManyRequests,
    /// `kill -9` of the program, before the server has heard of the request or after it has done what was asked.
    ProgramKilled { delivered: bool },
    /// `kill -9` of the server, which is started again at once.
    ServerKilled { delivered: bool },
}

impl Mishap {
    pub const ALL: [Mishap; 10] = [
        Mishap::CutBefore,
        Mishap::CutInBody,
        Mishap::AnswerLost,
        Mishap::Unavailable,
        Mishap::BadGateway,
        Mishap::TooManyRequests,
        Mishap::ProgramKilled { delivered: false },
        Mishap::ProgramKilled { delivered: true },
        Mishap::ServerKilled { delivered: false },
        Mishap::ServerKilled { delivered: true },
    ];

    pub fn kills_the_server(self) -> bool {
        matches!(self, Mishap::ServerKilled { .. })
    }

    fn fault(self) -> Option<Fault> {
        Some(match self {
            Mishap::CutBefore => Fault::CutBefore,
            Mishap::CutInBody => Fault::CutInBody,
            Mishap::AnswerLost => Fault::LoseAnswer,
            Mishap::Unavailable => Fault::unavailable(),
            Mishap::BadGateway => Fault::bad_gateway(),
            Mishap::TooManyRequests => Fault::too_many_requests(0),
            Mishap::ProgramKilled { .. } | Mishap::ServerKilled { .. } => return None,
        })
    }

    /// Runs the program, which speaks through the proxy, with this at this request. `restart` kills the server, lets
    /// go what is held, and starts the server again.
    pub async fn befall(
        self,
        program: Program,
        proxy: &FaultProxy,
        point: Point,
        restart: impl AsyncFnOnce(&Hold),
    ) -> Met {
        if let Some(fault) = self.fault() {
            proxy.at(point, fault);
            let ended = program.run().await;
            let happened = proxy.happened();
            return Met {
                happened,
                ended: Some(ended),
            };
        }
        let (Mishap::ProgramKilled { delivered } | Mishap::ServerKilled { delivered }) = self
        else {
            unreachable!("everything else is a fault on the wire");
        };
        let hold = proxy.hold_at(point, delivered);
        let mut running = program.start();
        let happened = tokio::select! {
            () = hold.reached("the request at which it is to happen") => true,
            () = running.over() => false,
        };
        let killed = happened && !self.kills_the_server();
        if killed {
            running.kill();
        } else if happened {
            restart(&hold).await;
        }
        let ended = running.ended().await;
        Met {
            happened,
            ended: Some(ended).filter(|ended| !killed && !ended.met_a_task_that_was_done()),
        }
    }
}

/// How a run met a mishap.
pub struct Met {
    /// False: the run made no such request (how often a task is looked at differs).
    pub happened: bool,
    /// None: it did not get to an end of its own, and the next run sets right what it left. The program was killed, or an old
    /// server with a task that it had done ([`Ended::met_a_task_that_was_done`]).
    pub ended: Option<Ended>,
}
