//! Downloads that are continued: within a process, after a dead one, beside a live one.

use std::fs::{self, File};
use std::time::Duration;

use datasets::Silent;

use crate::common::{bzip2, sha, text};
use crate::scene::{Scene, names};
use crate::server::{Request, Step, asked, broken_off, status, whole};

#[test]
fn a_download_that_breaks_off_is_resumed_where_it_stopped() {
    let scene = Scene::new(|body, n, request| match n {
        0 => broken_off(body, 2000),
        _ => asked(body, request),
    });
    scene.succeeds();
    assert_eq!(scene.ranges(), [None, Some(2000)]);
    let second = &scene.server.requests()[1];
    assert_eq!(second.if_range.as_deref(), Some("\"v1\""));
}

#[test]
fn a_server_that_ignores_the_range_is_taken_from_the_start() {
    let scene = Scene::new(|body, n, _| match n {
        0 => broken_off(body, 2000),
        _ => whole(body),
    });
    scene.succeeds();
    assert_eq!(scene.ranges(), [None, Some(2000)]);
}

#[test]
fn a_server_that_sends_another_part_than_asked_is_asked_again_for_all() {
    let scene = Scene::new(|body, n, request| match n {
        0 => broken_off(body, 2000),
        1 => asked(
            body,
            &Request {
                range: Some(1000),
                ..request.clone()
            },
        ),
        _ => asked(body, request),
    });
    scene.succeeds();
    assert_eq!(scene.ranges(), [None, Some(2000), None]);
}

#[test]
fn a_file_that_changed_between_the_pieces_is_taken_anew() {
    let scene = Scene::new(|body, n, request| match n {
        // The first piece is of another version, and the server does not heed If-Range.
        0 => {
            let other = bzip2(text(6001).as_bytes());
            broken_off(&other, 2000)
        }
        _ => asked(body, request),
    });
    scene.succeeds();
    assert_eq!(scene.ranges(), [None, Some(2000), None]);
}

#[test]
fn what_a_dead_process_left_is_built_upon() {
    let scene = Scene::new(|body, _, request| asked(body, request));
    let body = bzip2(scene.text.as_bytes());
    fs::write(scene.part("4194304-00000000deadbeef"), &body[..3000]).unwrap();
    scene.succeeds();
    assert_eq!(scene.ranges(), [Some(3000)]);
}

#[test]
fn a_whole_file_that_a_dead_process_left_needs_no_more_than_a_check() {
    let scene = Scene::new(|body, _, request| asked(body, request));
    let body = bzip2(scene.text.as_bytes());
    fs::write(scene.part("4194304-00000000deadbeef"), &body).unwrap();
    scene.succeeds();
    assert_eq!(scene.ranges(), [Some(body.len())]);
}

#[test]
fn what_a_dead_process_left_of_another_file_is_thrown_away() {
    for left in [2000, 60_000, 200_000] {
        let scene = Scene::new(|body, _, request| asked(body, request));
        fs::write(scene.part("4194304-00000000deadbeef"), vec![7; left]).unwrap();
        scene.succeeds();
        assert_eq!(scene.ranges().last(), Some(&None));
    }
}

#[test]
fn what_a_live_process_is_writing_is_left_alone() {
    let scene = Scene::new(|body, _, request| asked(body, request));
    let path = scene.part("4194304-00000000deadbeef");
    fs::write(&path, b"someone else's").unwrap();
    let owner = File::open(&path).unwrap();
    owner.lock().unwrap();
    scene.fetch().unwrap();
    assert_eq!(scene.ranges(), [None]);
    assert_eq!(fs::read(&path).unwrap(), b"someone else's");
}

#[test]
fn nothing_is_built_upon_where_no_hash_could_show_that_it_fits() {
    let scene = Scene::new(|body, _, request| asked(body, request));
    fs::write(scene.part("4194304-00000000deadbeef"), vec![7; 100]).unwrap();
    let records = scene.library(None).fetch("mine", &Silent).unwrap();
    assert_eq!(records[0].sha256, sha(scene.text.as_bytes()));
    assert_eq!(scene.ranges(), [None]);
}

#[test]
fn what_a_failed_download_got_is_there_for_the_next() {
    let scene = Scene::new(|body, n, request| match n {
        0 => broken_off(body, 2500),
        1..4 => status("500 Internal Server Error"),
        _ => asked(body, request),
    });
    scene.fails();
    assert_eq!(names(&scene.downloads()).len(), 1);
    scene.succeeds();
    assert_eq!(scene.ranges()[4], Some(2500));
}

#[test]
fn many_that_fetch_at_once_all_succeed() {
    let scene = Scene::new(|body, _, request| {
        let mut steps = asked(body, request);
        steps.insert(1, Step::Pause(Duration::from_millis(50)));
        steps
    });
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| scene.fetch())).collect();
        for one in all {
            let records = one.join().unwrap().unwrap();
            assert_eq!(records[0].sha256, sha(scene.text.as_bytes()));
        }
    });
    assert_eq!(names(&scene.downloads()), ["rows.bz2"]);
}
