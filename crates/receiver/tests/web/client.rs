//! A server to talk to, and a client that can also misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use onair_receiver::{RegistryConfig, StreamRegistry, Token, Web, WebLimits, WebServer};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) const TOKEN: &str = "a-token-for-the-tests";

pub(crate) struct Server {
    pub(crate) registry: StreamRegistry,
    pub(crate) address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(WebLimits::default()).await
    }

    pub(crate) async fn with(limits: WebLimits) -> Self {
        Self::over(
            StreamRegistry::new(RegistryConfig::default()),
            limits,
            |web| web,
        )
        .await
    }

    pub(crate) async fn over(
        registry: StreamRegistry,
        limits: WebLimits,
        configure: impl FnOnce(Web) -> Web,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = WebServer::new(listener, None).limits(limits);
        let address = server.local_addr().unwrap();
        let web = configure(Web::new(registry.clone()).token(Token::new(TOKEN).unwrap()));
        let task = Some(tokio::spawn(server.run(web)));
        Self {
            registry,
            address,
            task,
        }
    }

    /// A server that runs elsewhere.
    pub(crate) const fn of(registry: StreamRegistry, address: SocketAddr) -> Self {
        Self {
            registry,
            address,
            task: None,
        }
    }

    pub(crate) async fn stop(self) {
        if let Some(task) = self.task {
            task.abort();
            let _ = task.await;
        }
    }

    /// The whole answer to a request sent as it is.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let host = self.address;
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
        .await
    }

    /// As [`get`](Self::get), with a token or a key.
    pub(crate) async fn get_as(&self, bearer: &str, path: &str) -> String {
        let host = self.address;
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {bearer}\r\nConnection: close\r\n\r\n"
        ))
        .await
    }

    /// A `WebSocket` of a page of ours.
    pub(crate) async fn page(&self, path: &str) -> Client {
        let origin = format!("http://{}", self.address);
        self.socket(path, Some(&origin)).await.unwrap()
    }

    pub(crate) async fn socket(&self, path: &str, origin: Option<&str>) -> Result<Client, Error> {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request()?;
        if let Some(origin) = origin {
            request
                .headers_mut()
                .insert("origin", HeaderValue::from_str(origin)?);
        }
        let stream = TcpStream::connect(self.address).await?;
        let (socket, _) = client_async(request, stream).await?;
        Ok(Client { socket })
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// The next message other than pings.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next text message of this type; others are skipped.
    pub(crate) async fn news(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => {
                    let news: Value = serde_json::from_str(&text).unwrap();
                    if news["type"] == kind {
                        return news;
                    }
                }
                Some(Message::Binary(_)) => {}
                other => panic!("{other:?} while waiting for {kind}"),
            }
        }
    }

    pub(crate) async fn media(&mut self) -> Bytes {
        loop {
            match self.next().await {
                Some(Message::Binary(bytes)) => return bytes,
                Some(Message::Text(_)) => {}
                other => panic!("{other:?} while waiting for media"),
            }
        }
    }

    /// The code with which the server closes.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        Some(self.close().await?.0)
    }

    /// The code and the reason with which the server closes.
    pub(crate) async fn close(&mut self) -> Option<(u16, String)> {
        loop {
            match self.next().await {
                Some(Message::Close(frame)) => {
                    return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                }
                Some(_) => {}
                None => return None,
            }
        }
    }

    pub(crate) async fn say(&mut self, value: &Value) {
        self.socket
            .send(Message::text(value.to_string()))
            .await
            .unwrap();
    }

    pub(crate) async fn send(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.socket.send(Message::Binary(bytes.into())).await
    }
}

/// Longer than anything should take.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), future)
        .await
        .expect("an answer")
}
