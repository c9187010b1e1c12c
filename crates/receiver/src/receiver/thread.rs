//! The thread of a receiver.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::Builder;
use crate::event::Events;
use crate::rtmp::{self, Context, Listener};
use crate::stop::Stop;
use crate::stream_tasks::StreamTasks;
use crate::web::dashboard::picture;
use crate::{Error, StreamRegistry, Web, WebServer, listening};

type Shared = (StreamRegistry, Events, Stop, StreamTasks);
type Addresses = (Vec<SocketAddr>, Vec<SocketAddr>);

/// Runs the thread: opens the sockets, reports their addresses or an error, and serves.
pub(super) fn run(builder: Builder, shared: Shared, opened: &Sender<Result<Addresses, Error>>) {
    // The caller waits for the answer.
    let answer = |result| drop(opened.send(result));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return answer(Err(error)),
    };
    runtime.block_on(async {
        match open_all(&builder).await {
            Ok((listeners, sites)) => {
                let rtmp = addresses(
                    listeners
                        .iter()
                        .map(|listener| listener.socket.local_addr()),
                );
                let web = addresses(sites.iter().map(WebServer::local_addr));
                let is_tls = listeners.iter().map(|listener| listener.tls.is_some());
                let offered: Vec<_> = rtmp.iter().copied().zip(is_tls).collect();
                let pages = builder.pages((shared.0.clone(), shared.1.clone()), &offered);
                answer(Ok((rtmp, web)));
                let sites = sites.into_iter().map(|site| (site, pages.clone()));
                serve(listeners, sites.collect(), builder, shared).await;
            }
            Err(error) => answer(Err(error)),
        }
    });
}

async fn serve(
    listeners: Vec<Listener>,
    sites: Vec<(WebServer, Web)>,
    builder: Builder,
    (registry, events, stopped, stream_tasks): Shared,
) {
    let policy = (builder.keys, builder.limits);
    let context = Arc::new(Context::new(registry, policy, events, stopped));
    let stream_tasks = tokio::spawn(stream_tasks.run(context.stop.clone()));
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(rtmp::serve(listener, context.clone()));
    }
    if let Some(dashboard) = builder.dashboard {
        let (stop, registry) = (context.stop.clone(), context.registry.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = picture::run(&dashboard, &registry) => {}
                () = stop.asked() => {}
            }
        });
    }
    for (site, pages) in sites {
        let stop = context.stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = site.run(pages) => {}
                () = stop.asked() => {}
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    context.stop.asked().await;
    // Those who still publish have had their time.
    context.registry.close();
    if stream_tasks.await.is_err() {
        tracing::error!("recordings and relays failed");
    }
}

async fn open_all(builder: &Builder) -> Result<(Vec<Listener>, Vec<WebServer>), Error> {
    let (mut listeners, mut sites) = (Vec::new(), Vec::new());
    for wanted in &builder.listen {
        if let Some((socket, tls)) = listening::open(wanted, builder.tls.as_ref()).await? {
            listeners.push(Listener { socket, tls });
        }
    }
    for wanted in &builder.web {
        if let Some((socket, tls)) = listening::open(wanted, builder.tls.as_ref()).await? {
            sites.push(WebServer::new(socket, tls).limits(builder.web_limits));
        }
    }
    Ok((listeners, sites))
}

fn addresses(found: impl Iterator<Item = std::io::Result<SocketAddr>>) -> Vec<SocketAddr> {
    found.filter_map(Result::ok).collect()
}

/// How many tasks run before the runtime asks the system again which sockets are ready.
const EVENT_INTERVAL: u32 = 8;

fn runtime() -> Result<Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Sockets are polled often, even while some have much to say.
        .event_interval(EVENT_INTERVAL)
        .build();
    runtime.map_err(|source| Error::System {
        what: "starting a runtime",
        source,
    })
}
