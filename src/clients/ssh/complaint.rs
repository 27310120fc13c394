//! What a program on the other side says on its standard error, read when it has failed.

use std::time::Duration;

use openssh::ChildStderr;
use tokio::io::AsyncReadExt;

use crate::clients::cause::short;

/// How long its words are waited for.
const WAIT: Duration = Duration::from_millis(500);
const MOST: usize = 2048;

#[derive(Debug)]
pub(super) struct Complaint(pub(super) ChildStderr);

impl Complaint {
    /// Its words, washed and on one line; empty where it says nothing.
    pub(super) async fn words(mut self) -> String {
        let mut said = Vec::new();
        let reading = async {
            let mut chunk = [0u8; 512];
            while let Ok(n @ 1..) = self.0.read(&mut chunk).await {
                said.extend_from_slice(&chunk[..n]);
                if said.len() >= MOST {
                    break;
                }
            }
        };
        // Half a sentence is better than none.
        let _ = tokio::time::timeout(WAIT, reading).await;
        short(&String::from_utf8_lossy(&said))
    }
}
