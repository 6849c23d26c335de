//! A small balancer: it sends each search to the next server that a follower calls ready, and to another one where that does
//! not answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::api::client;

pub struct Balancer {
    pub url: String,
}

struct Behind {
    client: reqwest::Client,
    /// The name and the address of each server.
    servers: Vec<(String, String)>,
    /// Where a follower tells which of them are ready.
    follower: String,
    next: AtomicUsize,
}

impl Balancer {
    /// In front of these servers, by name and address.
    pub async fn before(servers: Vec<(String, String)>, follower: &str) -> Balancer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behind = Arc::new(Behind {
            client: client(),
            servers,
            follower: follower.to_owned(),
            next: AtomicUsize::new(0),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let behind = behind.clone();
                let service = service_fn(move |request| {
                    let behind = behind.clone();
                    async move { Ok::<_, Infallible>(behind.answer(request).await) }
                });
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Balancer { url }
    }
}

impl Behind {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for i in 0..self.servers.len() {
            let (name, url) = &self.servers[(first + i) % self.servers.len()];
            if !self.is_ready(name).await {
                continue;
            }
            let mut asked = self
                .client
                .request(head.method.clone(), format!("{url}{}", head.uri))
                .body(body.clone());
            for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
                if let Some(value) = head.headers.get(&name) {
                    asked = asked.header(name, value);
                }
            }
            // One that was killed in the middle of an answer has not given it.
            let Ok(answered) = asked.send().await else {
                continue;
            };
            let status = answered.status();
            if let Ok(bytes) = answered.bytes().await {
                return response(status, bytes);
            }
        }
        let nobody = Bytes::from("no server is ready");
        response(StatusCode::SERVICE_UNAVAILABLE, nobody)
    }

    async fn is_ready(&self, name: &str) -> bool {
        let ready = format!("{}/ready?server={name}", self.follower);
        let answer = self.client.get(ready).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}
