//! An engine that says the same thing to everyone as fast as a thread can: what is measured is the client.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// Starts it on a free port of loopback; it lives as long as the process.
pub(crate) fn start(list: String) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let list: Arc<str> = list.into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let list = Arc::clone(&list);
            std::thread::spawn(move || serve(stream, &list));
        }
    });
    Ok(port)
}

/// A list as API 1.41 writes it, 1.5 kB a container.
pub(crate) fn list_of(count: usize) -> String {
    let rows: Vec<String> = (0..count).map(row).collect();
    format!("[{}]", rows.join(","))
}

fn row(n: usize) -> String {
    let id = format!("{:064x}", (n as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_0C06_A3BB_0F1D));
    let service = ["web", "api", "cache", "queue"][n % 4];
    format!(
        r#"{{"Id":"{id}","Names":["/{service}-{n}"],"Image":"registry.example/payment/{service}:v41","ImageID":"sha256:{id}","Command":"/app/{service} --listen=:8080 --upstream=http://api.internal:8080 --region=yongfeng","Created":{},"Ports":[{{"IP":"0.0.0.0","PrivatePort":8080,"PublicPort":{},"Type":"tcp"}}],"Labels":{{"wharf.service":"{service}","com.example.team":"支付前端","com.example.owner":"张丽","com.docker.compose.config-hash":"{id}","com.docker.compose.container-number":"{}","com.docker.compose.oneoff":"False","com.docker.compose.project":"payment","com.docker.compose.project.working_dir":"/srv/payment","com.docker.compose.version":"1.29.2"}},"State":"running","Status":"Up {} hours (healthy)","HostConfig":{{"NetworkMode":"payment_default"}},"NetworkSettings":{{"Networks":{{"payment_default":{{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"{id}","EndpointID":"{id}","Gateway":"172.20.0.1","IPAddress":"172.20.{}.{}","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"02:42:ac:14:00:05","DriverOpts":null}}}}}},"Mounts":[{{"Type":"bind","Source":"/srv/payment/config","Destination":"/etc/payment","Mode":"ro","RW":false,"Propagation":"rprivate"}}]}}"#,
        1_795_000_000 + n,
        20_000 + n % 40_000,
        n % 9 + 1,
        n % 40 + 2,
        n / 250 % 250,
        n % 250,
    )
}

fn serve(mut stream: TcpStream, list: &str) {
    let _ = stream.set_nodelay(true);
    let mut head = Vec::new();
    let mut chunk = [0_u8; 8192];
    loop {
        while !head.windows(4).any(|w| w == b"\r\n\r\n") {
            match stream.read(&mut chunk) {
                Ok(read) if read > 0 => head.extend_from_slice(&chunk[..read]),
                _ => return,
            }
        }
        let body = if head.windows(16).any(|w| w == b"/containers/json") { list } else { "OK" };
        head.clear();
        let kind = if body == "OK" { "text/plain" } else { "application/json" };
        let answer = format!("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}
