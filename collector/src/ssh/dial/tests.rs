use rustix::io::Errno;

use super::*;

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 22)).collect()
}

async fn listener(address: &str) -> (tokio::net::TcpListener, SocketAddr) {
    let listener = tokio::net::TcpListener::bind((address, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address at which nothing listens.
fn refusing(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 9, 1], port))
}

#[test]
fn families_take_turns_and_each_address_is_tried_once() {
    let found = addresses(&["2001:db8::1", "2001:db8::2", "2001:db8::1", "192.0.2.1", "192.0.2.2"]);
    let expected = addresses(&["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]);
    assert_eq!(interleaved(found), expected);
    assert_eq!(interleaved(addresses(&["192.0.2.1", "2001:db8::1"])), addresses(&["192.0.2.1", "2001:db8::1"]));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let (_listener, good) = listener("127.0.9.2").await;
    let deadline = Instant::now() + Duration::from_secs(10);
    let stream = race(vec![refusing(good.port()), good], deadline).await;
    assert_eq!(stream.ok().unwrap().peer_addr().unwrap(), good);
}

#[tokio::test]
async fn the_next_address_is_tried_while_one_is_silent() {
    let (listener, silent) = listener_that_swallows().await;
    let (_good, address) = self::listener("127.0.9.3").await;
    let began = Instant::now();
    let stream = race(vec![silent, address], began + Duration::from_secs(20)).await;
    assert_eq!(stream.ok().unwrap().peer_addr().unwrap(), address);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(listener);
}

/// A listener whose queue is full: what is dialled from then on stays unanswered.
async fn listener_that_swallows() -> (Vec<TcpStream>, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.9.4:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // It must outlive the test, and accept nothing.
    std::mem::forget(listener);
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        queue.push(stream);
    }
    (queue, address)
}

#[tokio::test]
async fn failures_name_the_addresses_that_were_tried() {
    let target = Target::at("web1.example.org", 22);
    let deadline = Instant::now() + Duration::from_secs(10);
    let limit = Duration::from_secs(10);
    let Err(one) = race(vec![refusing(1)], deadline).await else { panic!("something listens at port 1") };
    let failure = failure_of(&target, one, limit);
    assert_eq!(failure.kind(), sample::OutcomeKind::ConnectRefused);
    assert_eq!(failure.to_string(), "web1.example.org (127.0.9.1) port 22: Connection refused (os error 111)");

    let attempts = || {
        vec![
            (refusing(1), NoConnection::Refused(io::Error::from(io::ErrorKind::NetworkUnreachable))),
            (refusing(2), NoConnection::Silent),
        ]
    };
    let failure = failure_of(&target, attempts(), limit);
    assert_eq!(failure.kind(), sample::OutcomeKind::ConnectTimeout);
    assert_eq!(failure.to_string(), "web1.example.org port 22: 127.0.9.1: network unreachable; 127.0.9.1: no answer");
    let mut short = attempts();
    short.push((refusing(3), NoConnection::Short(io::Error::from_raw_os_error(24))));
    let failure = failure_of(&target, short, limit);
    assert_eq!(failure.kind(), sample::OutcomeKind::Internal, "it is not the host's failure: {failure}");
}

#[tokio::test]
async fn literals_of_every_form_are_taken_as_they_are() {
    for (text, expected) in [("127.0.0.1", "127.0.0.1:22"), ("::1", "[::1]:22"), ("fe80::1%1", "[fe80::1%1]:22")] {
        let deadline = Instant::now() + Duration::from_secs(20);
        let found = resolve(&Target::at(text, 22), deadline).await.unwrap();
        assert_eq!(found, [expected.parse().unwrap()], "{text}");
    }
}

#[tokio::test]
async fn a_shortage_of_our_own_is_waited_out_and_told_as_ours() {
    let (_listener, address) = listener("127.0.9.5").await;
    for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::ADDRNOTAVAIL] {
        let short = || io::Error::from_raw_os_error(errno.raw_os_error());
        let mut left = 2;
        let dial = || {
            left -= 1;
            let error = (left >= 0).then(short);
            async move { if let Some(error) = error { Err(error) } else { TcpStream::connect(address).await } }
        };
        assert!(patiently(dial, Instant::now() + Duration::from_secs(10)).await.is_ok(), "{errno:?}");
        let never = || std::future::ready(io::Result::<()>::Err(short()));
        let ended = patiently(never, Instant::now() + Duration::from_millis(300)).await;
        assert!(matches!(ended, Err(NoConnection::Short(_))), "{errno:?}");
    }
}

#[test]
fn a_reset_is_the_word_of_a_host_that_turns_us_away() {
    let target = Target::at("web1.example.org", 22);
    let error = |errno: Errno| NoConnection::Refused(io::Error::from_raw_os_error(errno.raw_os_error()));
    let others = [vec![], vec![error(Errno::CONNREFUSED)], vec![error(Errno::NETUNREACH)], vec![NoConnection::Silent]];
    for other in others {
        let attempts = other.into_iter().chain([error(Errno::CONNRESET)]);
        let attempts = attempts.map(|why| (refusing(1), why)).collect();
        let failure = failure_of(&target, attempts, Duration::from_secs(10));
        assert_eq!(failure.kind(), sample::OutcomeKind::Throttled, "{failure}");
    }
}
