//! Downloads from servers that are slow, broken, wrong or hostile.

use std::fs;
use std::time::{Duration, Instant};

use datasets::{DataPolicy, Error, Library, LibraryOptions, Silent};

use crate::common::{bzip2, gzip, library, sha, text};
use crate::scene::{Scene, names, registry};
use crate::server::{Request, Server, Step, asked, broken_off, head, status, whole};

#[test]
fn a_file_is_downloaded_verified_and_kept_parsed() {
    let scene = Scene::new(|body, _, _| whole(body));
    scene.succeeds();
    let record = &scene.fetch().unwrap()[0];
    assert_eq!(record.from, "parsed cache");
    assert_eq!(record.bytes, scene.text.len() as u64);
    assert_eq!(scene.server.requests().len(), 1);
    assert_eq!(scene.server.requests()[0].path, "/rows.bz2");
}

#[test]
fn a_server_that_stalls_is_asked_again() {
    let scene = Scene::new(|body, n, request| match n {
        0 => {
            let mut steps = broken_off(body, 1000);
            steps.push(Step::Pause(Duration::from_secs(2)));
            steps
        }
        1 => vec![Step::Pause(Duration::from_secs(2))],
        _ => asked(body, request),
    });
    let start = Instant::now();
    scene.succeeds();
    assert!(
        start.elapsed() < Duration::from_millis(1900),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(scene.ranges(), [None, Some(1000), Some(1000)]);
}

#[test]
fn a_server_that_only_stalls_is_given_up_with_what_did_not_come() {
    let scene = Scene::new(|body, _, _| {
        let mut steps = broken_off(body, 1000);
        steps.push(Step::Pause(Duration::from_secs(2)));
        steps
    });
    let message = scene.fails();
    let why = "broke off after 1000 bytes: nothing came within limits.stall_timeout_s";
    assert!(message.contains(why), "{message}");
    let scene = Scene::new(|_, _, _| vec![Step::Pause(Duration::from_secs(2))]);
    let message = scene.fails();
    assert!(
        message.contains("no answer within limits.stall_timeout_s"),
        "{message}"
    );
}

/// A server that sends `piece` bytes of a text every tenth of a second.
fn trickling(text: &str, piece: usize) -> Server {
    let text = text.to_owned();
    Server::start(move |_, _| {
        let mut steps = vec![head("200 OK", &[format!("Content-Length: {}", text.len())])];
        for piece in text.as_bytes().chunks(piece) {
            steps.push(Step::Send(piece.to_vec()));
            steps.push(Step::Pause(Duration::from_millis(100)));
        }
        steps
    })
}

/// What comes of fetching a file of which nothing is declared.
fn undeclared(server: &Server) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&[server.url("rows")], None);
    let library = library(registry, folder.path(), DataPolicy::Real);
    let records = library.fetch("mine", &Silent);
    records.map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_server_too_slow_to_ever_end_is_told_apart_from_a_slow_one() {
    // 600 bytes a second, for three times as long as a server may say nothing.
    let text = text(60);
    undeclared(&trickling(&text, 60)).unwrap();
    let start = Instant::now();
    let message = undeclared(&trickling(&text, 5)).unwrap_err();
    assert!(
        message.contains("less than 100 bytes a second"),
        "{message}"
    );
    let took = start.elapsed().as_secs_f64();
    assert!((0.5..5.0).contains(&took), "{took}");
}

#[test]
fn a_slow_server_that_keeps_sending_is_waited_for() {
    // Longer in all than the stall limit, and never as long between two pieces.
    let scene = Scene::new(|body, _, _| {
        let mut steps = vec![head("200 OK", &[format!("Content-Length: {}", body.len())])];
        for piece in body.chunks(body.len() / 5) {
            steps.push(Step::Send(piece.to_vec()));
            steps.push(Step::Pause(Duration::from_millis(150)));
        }
        steps
    });
    scene.succeeds();
    assert_eq!(scene.server.requests().len(), 1);
}

#[test]
fn a_length_that_is_too_large_ends_after_the_attempts_with_the_reason() {
    let scene = Scene::new(|body, _, _| {
        let length = format!("Content-Length: {}", body.len() + 10);
        vec![head("200 OK", &[length]), Step::Send(body.to_vec())]
    });
    let message = scene.fails();
    assert!(message.contains("broke off"), "{message}");
    assert!(message.contains("after 4 requests"), "{message}");
}

#[test]
fn a_length_that_is_too_small_ends_in_a_content_that_does_not_decompress() {
    let scene = Scene::new(|body, _, _| {
        let length = format!("Content-Length: {}", body.len() - 10);
        vec![head("200 OK", &[length]), Step::Send(body.to_vec())]
    });
    let message = scene.fails();
    assert!(message.contains("does not decompress"), "{message}");
}

#[test]
fn an_answer_without_a_length_that_is_cut_short_is_asked_for_again() {
    let scene = Scene::new(|body, n, request| match n {
        0 => vec![head("200 OK", &[]), Step::Send(body[..3000].to_vec())],
        _ => asked(body, request),
    });
    scene.succeeds();
    assert_eq!(scene.ranges(), [None, None]);
}

#[test]
fn redirects_are_followed() {
    let scene = Scene::new(|body, _, request| match request.path.as_str() {
        "/moved" => whole(body),
        _ => vec![head(
            "302 Found",
            &["Location: /moved".into(), "Content-Length: 0".into()],
        )],
    });
    scene.succeeds();
}

#[test]
fn redirects_in_a_circle_end_at_the_limit() {
    let scene = Scene::new(|_, _, _| {
        let lines = ["Location: /rows.bz2".into(), "Content-Length: 0".into()];
        vec![head("302 Found", &lines)]
    });
    let message = scene.fails();
    assert!(message.contains("redirect"), "{message}");
    assert!(scene.server.requests().len() <= 4 + 1);
}

#[test]
fn as_many_redirects_as_allowed_are_followed_and_no_more() {
    let behind = |most: usize| {
        Scene::new(move |body, n, _| match n < most {
            false => whole(body),
            true => vec![head(
                "302 Found",
                &[format!("Location: /{n}"), "Content-Length: 0".into()],
            )],
        })
    };
    behind(3).succeeds();
    let message = behind(4).fails();
    assert!(message.contains("too many redirects"), "{message}");
}

#[test]
fn a_404_is_final_for_its_address() {
    let scene = Scene::new(|_, _, _| status("404 Not Found"));
    let message = scene.fails();
    assert!(message.contains("404 Not Found"), "{message}");
    assert_eq!(scene.server.requests().len(), 1);
    assert!(names(&scene.downloads()).is_empty());
}

#[test]
fn after_a_404_the_next_address_is_tried() {
    let bad = Server::start(|_, _| status("404 Not Found"));
    let text = text(20);
    let packed = gzip(text.as_bytes());
    let good = Server::start(move |_, _| whole(&packed));
    let folder = tempfile::tempdir().unwrap();
    let addresses = [bad.url("rows.bz2"), good.url("rows.gz?key=1")];
    let registry = registry(&addresses, Some(&sha(text.as_bytes())));
    let library = library(registry, folder.path(), DataPolicy::Real);
    let records = library.fetch("mine", &Silent).unwrap();
    // Without what may be a secret.
    assert_eq!(records[0].from, good.url("rows.gz?…"));
    let downloads = folder.path().join("cache/downloads/mine");
    assert_eq!(names(&downloads), ["rows.gz"]);
}

#[test]
fn a_500_is_asked_again_as_often_as_allowed() {
    let scene = Scene::new(|body, n, _| match n {
        0..3 => status("500 Internal Server Error"),
        _ => whole(body),
    });
    scene.succeeds();
    let scene = Scene::new(|_, _, _| status("503 Service Unavailable"));
    assert!(scene.fails().contains("503"));
    assert_eq!(scene.server.requests().len(), 4);
}

#[test]
fn a_429_is_waited_out_as_long_as_the_server_asks() {
    let retry = |seconds| {
        let lines = [
            format!("Retry-After: {seconds}"),
            "Content-Length: 0".into(),
        ];
        vec![head("429 Too Many Requests", &lines)]
    };
    let scene = Scene::new(move |body, n, _| match n {
        0 => retry(1),
        _ => whole(body),
    });
    let start = Instant::now();
    scene.succeeds();
    assert!(start.elapsed() >= Duration::from_secs(1));

    let scene = Scene::new(move |_, _, _| retry(3600));
    let start = Instant::now();
    let message = scene.fails();
    assert!(message.contains("3600 s"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_wrong_content_is_refused_with_both_hashes_and_removed() {
    let wrong = text(10);
    let served = wrong.clone();
    let scene = Scene::new(move |_, _, _| whole(&bzip2(served.as_bytes())));
    let message = scene.fails();
    assert!(message.contains(&sha(wrong.as_bytes())), "{message}");
    assert!(message.contains(&sha(scene.text.as_bytes())), "{message}");
    assert!(names(&scene.downloads()).is_empty());
    assert_eq!(scene.server.requests().len(), 1);
}

#[test]
fn a_wrong_content_never_replaces_a_good_file() {
    let scene = Scene::new(|_, _, _| whole(b"1 1:1\n"));
    let good = bzip2(scene.text.as_bytes());
    fs::create_dir_all(scene.downloads()).unwrap();
    fs::write(scene.target(), &good).unwrap();
    // The good file is taken, without a request.
    let record = &scene.fetch().unwrap()[0];
    assert_eq!(record.from, scene.target().display().to_string());
    assert!(scene.server.requests().is_empty());

    // Under another form's name the good file stays, whatever a bad one brings.
    let other = tempfile::tempdir().unwrap();
    let declared = sha(b"never served");
    let registry = registry(&[scene.server.url("rows.gz")], Some(&declared));
    let downloads = other.path().join("cache/downloads/mine");
    fs::create_dir_all(&downloads).unwrap();
    fs::write(downloads.join("unrelated"), &good).unwrap();
    let refused = library(registry, other.path(), DataPolicy::Real).fetch("mine", &Silent);
    assert!(refused.unwrap_err().is_unavailable());
    assert_eq!(names(&downloads), ["unrelated"]);
}

#[test]
fn a_download_gone_bad_is_replaced_by_a_good_one_only() {
    let scene = Scene::new(|body, n, _| match n {
        0 => status("404 Not Found"),
        _ => whole(body),
    });
    fs::create_dir_all(scene.downloads()).unwrap();
    fs::write(scene.target(), b"rotten").unwrap();
    let message = scene.fetch().unwrap_err().to_string();
    assert!(message.contains("sha256"), "{message}");
    scene.succeeds();
}

#[test]
fn a_body_beyond_the_byte_limit_is_refused_declared_or_not() {
    let large = |declared: bool| {
        move |_: &[u8], _: usize, _: &Request| {
            let body = vec![b'1'; 150_000];
            let lines = [format!("Content-Length: {}", body.len())];
            let lines: &[String] = if declared { &lines } else { &[] };
            vec![head("200 OK", lines), Step::Send(body)]
        }
    };
    for declared in [true, false] {
        let scene = Scene::new(large(declared));
        let message = scene.fails();
        assert!(message.contains("limits.download_bytes"), "{message}");
        assert_eq!(scene.server.requests().len(), 1);
        assert!(names(&scene.downloads()).is_empty());
    }
}

#[test]
fn a_body_of_just_the_byte_limit_is_taken_declared_or_not() {
    let mut text = "0 1:1\n1 1:1\n".repeat(8332);
    text.push_str("1 1:1.000000000\n");
    assert_eq!(text.len(), 100_000);
    for declared in [true, false] {
        let body = text.clone().into_bytes();
        let server = Server::start(move |_, _| {
            let lines = [format!("Content-Length: {}", body.len())];
            let lines: &[String] = if declared { &lines } else { &[] };
            vec![head("200 OK", lines), Step::Send(body.clone())]
        });
        undeclared(&server).unwrap();
    }
}

#[test]
fn an_undeclared_file_that_is_a_web_page_or_empty_is_said_to_be_that() {
    for (body, said) in [
        ("<html>sign in</html>", "it is a web page and no data"),
        ("\u{feff}\n <html>", "it is a web page and no data"),
        (" \n", "it is empty"),
    ] {
        let server = Server::start(move |_, _| whole(body.as_bytes()));
        let message = undeclared(&server).unwrap_err();
        assert!(message.contains(said), "{message}");
    }
    // What a hash is declared of is what it is.
    let body = "<1 1:1\n";
    let server = Server::start(move |_, _| whole(body.as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&[server.url("rows")], Some(&sha(body.as_bytes())));
    let library = library(registry, folder.path(), DataPolicy::Real);
    let error = library.fetch("mine", &Silent).unwrap_err();
    assert!(!error.is_unavailable(), "{error}");
    assert!(!error.to_string().contains("web page"), "{error}");
}

#[test]
fn a_download_that_cannot_be_read_is_had_again_where_nothing_says_what_it_is() {
    let (text, unreadable) = (text(20), "no rows\n");
    let body = text.clone();
    let server = Server::start(move |_, _| whole(body.as_bytes()));
    let declared = sha(unreadable.as_bytes());
    for (sha256, offline, again) in [
        (None, false, true),
        (None, true, false),
        (Some(declared.as_str()), false, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let options = LibraryOptions {
            cache_dir: Some(folder.path().join("cache")),
            policy: DataPolicy::Real,
            offline,
            ..LibraryOptions::default()
        };
        let there = folder.path().join("cache/downloads/mine/rows");
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::write(&there, unreadable).unwrap();
        let library = Library::new(registry(&[server.url("rows")], sha256), options);
        let fetched = library.fetch("mine", &Silent);
        assert_eq!(fetched.is_ok(), again, "{fetched:?}");
        let left = fs::read_to_string(&there).unwrap();
        assert_eq!(left, if again { text.as_str() } else { unreadable });
    }
}

#[test]
fn a_bomb_is_refused_while_it_downloads() {
    let bomb = bzip2(&vec![b'\n'; 5_000_000]);
    let scene = Scene::new(move |_, _, _| whole(&bomb));
    let message = scene.fails();
    assert!(message.contains("limits.decompressed_bytes"), "{message}");
    assert!(names(&scene.downloads()).is_empty());
}

#[test]
fn a_host_that_refuses_connections_is_given_up_soon_and_not_asked_for_other_files() {
    // A port that was free a moment ago and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let addresses = [
        format!("http://{address}/rows"),
        format!("http://{address}/again"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let library = library(registry(&addresses, None), folder.path(), DataPolicy::Real);
    let start = Instant::now();
    let Err(Error::Unavailable { tried, .. }) = library.fetch("mine", &Silent) else {
        panic!("a file was had");
    };
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let of = |address: &String| {
        let mut attempts = tried.iter().filter(|a| a.place == *address);
        attempts.next().unwrap().outcome.clone()
    };
    assert!(of(&addresses[0]).contains("after 2 requests"), "{tried:?}");
    assert!(of(&addresses[1]).contains("not tried"), "{tried:?}");
}

#[test]
fn without_a_cache_folder_a_library_downloads_a_file_once() {
    let scene = Scene::new(|body, _, _| whole(body));
    // A file where the folder should be.
    fs::write(scene.folder.path().join("cache"), b"").unwrap();
    let declared = sha(scene.text.as_bytes());
    let library = scene.library(Some(&declared));
    for _ in 0..2 {
        let records = library.fetch("mine", &Silent).unwrap();
        assert_eq!(records[0].sha256, declared);
    }
    assert_eq!(scene.server.requests().len(), 1);
}
