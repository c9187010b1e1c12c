//! The picture on a dashboard: the broadcast's own packets as a stream of the registry, for as long
//! as any page is open. Pages watch it as they would any stream, and no slower for the broadcast.

use onair::{Subscriber, Subscription};

use super::Dashboard;
use crate::{Ingest, Origin, PublisherKind, StreamName, StreamRegistry};

/// Publishes the picture whenever somebody looks, until the broadcast is over.
pub(crate) async fn run(dashboard: &Dashboard, registry: &StreamRegistry) {
    tokio::select! {
        () = serve(dashboard, registry) => {}
        () = dashboard.over() => {}
    }
}

async fn serve(dashboard: &Dashboard, registry: &StreamRegistry) {
    let (mut pages, mut sources) = (
        dashboard.0.pages.subscribe(),
        dashboard.0.source.subscribe(),
    );
    loop {
        // The senders live in `dashboard`: they cannot be gone.
        let _ = sources.wait_for(Option::is_some).await;
        let _ = pages.wait_for(|pages| *pages > 0).await;
        let source = sources.borrow().clone();
        let begun = source.and_then(|source| begin(&source, registry));
        let Some((subscription, ingest)) = begun else {
            return;
        };
        tokio::select! {
            () = pass(subscription, &ingest) => return,
            _ = pages.wait_for(|pages| *pages == 0) => {}
        }
    }
}

fn begin(source: &Subscriber, registry: &StreamRegistry) -> Option<(Subscription, Ingest)> {
    let subscription = source.subscribe()?;
    let origin = Origin::new("", PublisherKind::Broadcast, "");
    let ingest = registry.publish(StreamName::new("live", "picture")?, origin);
    let ingest = ingest
        .inspect_err(|error| tracing::warn!(%error, "no picture"))
        .ok()?;
    Some((subscription, ingest))
}

/// Passes packets on until the broadcast ends, or nothing more is taken.
async fn pass(mut subscription: Subscription, ingest: &Ingest) {
    let mut packets = Vec::new();
    while subscription.next(&mut packets).await {
        for packet in packets.drain(..) {
            if let Err(error) = ingest.push(packet) {
                tracing::warn!(%error, "the picture ends");
                return;
            }
        }
    }
}
