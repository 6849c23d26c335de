//! As much of HTTP/1.1 as a proxy and a stand-in need: one head, one body, one answer.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub type Stream = BufReader<TcpStream>;

/// Without a delay for small pieces: a head that waits for the acknowledgement of the piece before it waits 40 ms on Linux.
pub fn stream_over(connection: TcpStream) -> Stream {
    connection.set_nodelay(true).unwrap();
    BufReader::new(connection)
}

/// First line and headers of a request or an answer.
#[derive(Debug, Clone)]
pub struct Head {
    pub first_line: String,
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// None: the other side has nothing more to say.
    pub async fn read(stream: &mut Stream) -> io::Result<Option<Head>> {
        let first_line = read_line(stream).await?;
        if first_line.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let line = read_line(stream).await?;
            match line.split_once(':') {
                Some((name, value)) => {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()))
                }
                None => {
                    return Ok(Some(Head {
                        first_line,
                        headers,
                    }));
                }
            }
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn method(&self) -> &str {
        self.first_line.split(' ').next().unwrap_or_default()
    }

    /// With the query.
    pub fn target(&self) -> &str {
        self.first_line.split(' ').nth(1).unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// For answers.
    pub fn status(&self) -> u16 {
        self.first_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// Says the same head with other framing.
    pub fn write_with(&self, body: Option<u64>, extra: &[(&str, &str)]) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.first_line);
        let ours = [
            "connection",
            "transfer-encoding",
            "content-length",
            "keep-alive",
        ];
        for (name, value) in self
            .headers
            .iter()
            .filter(|(name, _)| !ours.contains(&name.as_str()))
        {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(bytes) = body {
            out.push_str(&format!("content-length: {bytes}\r\n"));
        }
        for (name, value) in extra {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("\r\n");
        out.into_bytes()
    }
}

async fn read_line(stream: &mut Stream) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A body under way, piece by piece: a test that looks at memory must not hold it itself.
pub struct Body {
    left: Left,
}

enum Left {
    Bytes(u64),
    Chunks,
    Nothing,
    UntilClosed,
}

impl Body {
    pub fn of_request(head: &Head) -> Body {
        Body::framed(head, Left::Nothing)
    }

    pub fn of_answer(head: &Head) -> Body {
        Body::framed(head, Left::UntilClosed)
    }

    fn framed(head: &Head, otherwise: Left) -> Body {
        let chunked = head
            .header("transfer-encoding")
            .is_some_and(|coding| coding.contains("chunked"));
        let length = head
            .header("content-length")
            .and_then(|bytes| bytes.parse().ok());
        let left = match (chunked, length) {
            (true, _) => Left::Chunks,
            (false, Some(bytes)) => Left::Bytes(bytes),
            (false, None) => otherwise,
        };
        Body { left }
    }

    /// The next bytes of it, at most 64 KiB; None at its end.
    pub async fn next(&mut self, stream: &mut Stream) -> io::Result<Option<Vec<u8>>> {
        const PIECE: u64 = 64 << 10;
        match self.left {
            Left::Nothing | Left::Bytes(0) => Ok(None),
            Left::Bytes(left) => {
                let piece = read_piece(stream, left.min(PIECE)).await?;
                if piece.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.left = Left::Bytes(left - piece.len() as u64);
                Ok(Some(piece))
            }
            Left::Chunks => {
                let size = read_line(stream).await?;
                let size = size.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16)
                    .map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
                let mut piece = vec![0; size];
                stream.read_exact(&mut piece).await?;
                read_line(stream).await?;
                if size == 0 {
                    self.left = Left::Nothing;
                    return Ok(None);
                }
                Ok(Some(piece))
            }
            Left::UntilClosed => {
                let piece = read_piece(stream, PIECE).await?;
                Ok((!piece.is_empty()).then_some(piece))
            }
        }
    }

    pub async fn collect(mut self, stream: &mut Stream) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(piece) = self.next(stream).await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

async fn read_piece(stream: &mut Stream, most: u64) -> io::Result<Vec<u8>> {
    let mut piece = vec![0; most as usize];
    let read = stream.read(&mut piece).await?;
    piece.truncate(read);
    Ok(piece)
}

/// A whole answer, ready to be sent.
#[derive(Debug, Clone)]
pub struct Canned {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Canned {
    pub fn json(status: u16, body: &serde_json::Value) -> Canned {
        Canned {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    pub async fn send(&self, stream: &mut Stream) -> io::Result<()> {
        let mut out = format!(
            "HTTP/1.1 {} Of-Some-Kind\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("\r\n");
        out.push_str(&self.body);
        stream.write_all(out.as_bytes()).await?;
        stream.flush().await
    }
}
