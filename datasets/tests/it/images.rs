//! Archives of images: found, fetched, checked, unpacked, stood in for.

use crate::common::{gzip, library, sha, shipped};
use crate::server::{Server, whole};
use datasets::{DataPolicy, Images, Library, LibraryOptions, Registry, Result, Silent};
use std::path::Path;

/// A record of 1 channel of 2 x 2.
fn record(label: u8, first: u8) -> [u8; 5] {
    [label, first, first + 1, first + 2, first + 3]
}

/// A tar with training and test images, and a member that nobody asks for.
fn archive(train: &[u8], test: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in [
        ("images/readme.txt", &b"no records"[..]),
        ("images/train.bin", train),
        ("images/test.bin", test),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn good() -> Vec<u8> {
    let train = [record(0, 10), record(2, 20), record(1, 30)].concat();
    archive(&train, &record(2, 40))
}

fn registry(more: &str) -> Registry {
    let text = format!(
        "images:
  tiny:
    channels: 1
    side: 2
    classes: 3
    archive: {{name: tiny.tar{more}}}
    train: {{members: [images/train.bin], images: 3}}
    test: {{members: [images/test.bin], images: 1}}
    mean: [10]
    deviation: [2]
    surrogate: {{signal: 30, noise: 10, shift: 1}}"
    );
    Registry::from_yaml(&text).unwrap()
}

/// The images of an archive in the data folder.
fn load(registry: Registry, folder: &Path, policy: DataPolicy) -> Result<Images> {
    let options = LibraryOptions {
        data_dir: Some(folder.join("data")),
        cache_dir: Some(folder.join("cache")),
        policy,
        ..LibraryOptions::default()
    };
    Library::new(registry, options).images("tiny", &Silent)
}

/// What is said of an archive that is not as it should be.
fn refused(bytes: &[u8], more: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/tiny.tar"), bytes).unwrap();
    let loaded = load(registry(more), folder.path(), DataPolicy::Real);
    loaded.unwrap_err().to_string()
}

#[test]
fn an_archive_in_the_data_folder_gives_its_images_compressed_or_not() {
    for (name, bytes) in [("tiny.tar", good()), ("tiny.tar.gz", gzip(&good()))] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data").join(name), bytes).unwrap();
        let declared = format!(", sha256: {}", sha(&good()));
        let images = load(registry(&declared), folder.path(), DataPolicy::Real).unwrap();
        assert_eq!(images.source.to_string(), "real");
        assert_eq!(images.train.labels, [0, 2, 1]);
        assert_eq!(images.train.image(1), [20, 21, 22, 23]);
        assert_eq!(images.test.image(0), [40, 41, 42, 43]);
        assert_eq!(images.train.class_counts(3), [1, 1, 1]);
        let digest = images.digest();
        let fewer = images.first(Some(2), None).unwrap();
        assert_eq!((fewer.train.len(), fewer.test.len()), (2, 1));
        assert_ne!(fewer.digest(), digest);
        let error = fewer.first(None, Some(2)).unwrap_err().to_string();
        assert!(error.contains("1 test images, not 2"), "{error}");
    }
}

#[test]
fn an_archive_that_is_not_the_declared_one_is_refused_by_either_hash() {
    let md5 = ", md5: 0123456789abcdef0123456789abcdef";
    let error = refused(&good(), md5);
    assert!(error.contains("declares 0123456789abcdef"), "{error}");
    let error = refused(&good(), &format!(", sha256: {}", sha(b"another")));
    assert!(
        error.contains("its decompressed content has sha256"),
        "{error}"
    );
}

#[test]
fn an_archive_of_another_layout_is_refused_with_what_is_wrong() {
    let whole = [record(0, 10), record(2, 20), record(1, 30)].concat();
    let test = record(2, 40);
    let more = [&whole[..], &record(1, 50)].concat();
    for (bytes, part) in [
        (archive(&more, &test), "is no file of at most 15"),
        (archive(&whole[..13], &test), "3 are left over"),
        (archive(&whole[..10], &test), "hold 2 images, not 3"),
        (
            archive(&[&whole[..10], &record(7, 1)].concat(), &test),
            "label 7 of 3",
        ),
        (b"no tar at all".repeat(100), "unpacking it"),
        (
            tar::Builder::new(Vec::new()).into_inner().unwrap(),
            "no member images/train.bin",
        ),
    ] {
        let error = refused(&bytes, "");
        assert!(error.contains(part), "{part}: {error}");
    }
}

fn md5(bytes: &[u8]) -> String {
    use md5::Digest;
    let digest = md5::Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_archive_is_downloaded_once_and_checked_by_the_md5_of_the_file_as_it_lies() {
    let bytes = gzip(&good());
    let folder = tempfile::tempdir().unwrap();
    let md5 = md5(&bytes);
    let body = bytes.clone();
    let server = Server::start(move |_, _| whole(&body));
    let declared = format!(
        ", addresses: [\"{}\"], md5: {md5}",
        server.url("tiny.tar.gz")
    );
    for _ in 0..2 {
        let images = load(registry(&declared), folder.path(), DataPolicy::Real).unwrap();
        assert_eq!(images.train.len(), 3);
    }
    assert_eq!(server.requests().len(), 1);
    // A download that has gone bad is got again.
    let kept = folder.path().join("cache/downloads/tiny/tiny.tar.gz");
    std::fs::write(&kept, &bytes[..40]).unwrap();
    load(registry(&declared), folder.path(), DataPolicy::Real).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_download_that_is_not_the_declared_archive_is_got_from_the_next_address() {
    let bytes = gzip(&good());
    let folder = tempfile::tempdir().unwrap();
    let md5 = md5(&bytes);
    // The same images, but another file.
    let other = [bytes.clone(), gzip(b"")].concat();
    let server = Server::start(move |_, request| match request.path.as_str() {
        "/other.tar.gz" => whole(&other),
        _ => whole(&bytes),
    });
    let declared = format!(
        ", addresses: [\"{}\", \"{}\"], md5: {md5}",
        server.url("other.tar.gz"),
        server.url("tiny.tar.gz")
    );
    let images = load(registry(&declared), folder.path(), DataPolicy::Real).unwrap();
    assert_eq!(images.train.len(), 3);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_part_is_taken_from_the_whole_where_its_own_archive_is_not_to_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("tiny.tar"), good()).unwrap();
    let part = |images: usize, more: &str| {
        let text = format!(
            "images:\n  part:\n    channels: 1\n    side: 2\n    classes: 3\n    archive: {{name: part.tar}}\n    \
             part_of: {more}\n    train: {{members: [images/train.bin], images: {images}}}\n    \
             test: {{members: [images/test.bin], images: 1}}\n    mean: [10]\n    deviation: [2]"
        );
        let mut both = registry("");
        both.extend_from_yaml(&text).map(|()| both)
    };
    let library = |registry| {
        let options = LibraryOptions {
            data_dir: Some(data.clone()),
            cache_dir: Some(folder.path().join("cache")),
            policy: DataPolicy::Real,
            ..LibraryOptions::default()
        };
        Library::new(registry, options)
    };
    let both = library(part(2, "tiny").unwrap());
    let (whole, some) = ["tiny", "part"]
        .map(|name| both.images(name, &Silent).unwrap())
        .into();
    assert_eq!(some.train, whole.train.slice(0..2));
    assert_eq!(some.test, whole.test);
    assert_eq!(some.source.to_string(), "real");
    assert!(both.status("part").unwrap()[0].name.starts_with("tiny"));
    std::fs::remove_file(data.join("tiny.tar")).unwrap();
    let error = both.images("part", &Silent).unwrap_err().to_string();
    assert!(error.contains("part.tar could not be had"), "{error}");
    for (images, of) in [(4, "tiny"), (2, "nothing")] {
        let error = part(images, of).unwrap_err().to_string();
        assert!(error.contains("images.part.part_of"), "{error}");
    }
}

#[test]
fn without_the_archive_generated_images_stand_in_the_same_ones_for_a_seed() {
    let folder = tempfile::tempdir().unwrap();
    let images = || load(registry(""), folder.path(), DataPolicy::Auto).unwrap();
    let (one, other) = (images(), images());
    assert_eq!(one.source.to_string(), "surrogate");
    assert_eq!((one.train.len(), one.test.len()), (3, 1));
    assert_eq!(one.digest(), other.digest());
    let error = load(registry(""), folder.path(), DataPolicy::Real).unwrap_err();
    assert!(
        error.to_string().contains("tiny.tar could not be had"),
        "{error}"
    );
}

#[test]
fn generated_images_can_be_told_apart_by_their_class() {
    let folder = tempfile::tempdir().unwrap();
    let images = library(shipped(), folder.path(), DataPolicy::Surrogate);
    let images = images.images("cifar10-subset", &Silent).unwrap();
    assert_eq!((images.train.len(), images.test.len()), (10_000, 1_000));
    let each = images.train.image_len();
    // The nearest mean of a class says which it is far more often than chance.
    let counts = images.train.class_counts(10);
    let mut means = vec![vec![0f64; each]; 10];
    for (i, &label) in images.train.labels.iter().enumerate() {
        let mean = &mut means[label as usize];
        for (m, &p) in mean.iter_mut().zip(images.train.image(i)) {
            *m += f64::from(p) / counts[label as usize] as f64;
        }
    }
    let distance = |a: &[u8], mean: &[f64]| -> f64 {
        let apart = a.iter().zip(mean).map(|(&a, m)| (f64::from(a) - m).powi(2));
        apart.sum()
    };
    let right = (0..200).filter(|&i| {
        let image = images.test.image(i);
        let nearest = (0..10)
            .min_by(|&a, &b| distance(image, &means[a]).total_cmp(&distance(image, &means[b])));
        nearest == Some(images.test.labels[i] as usize)
    });
    assert!(right.count() > 100);
}

#[test]
fn the_shipped_registry_has_cifar_10_as_published() {
    let registry = shipped();
    let cifar = registry.images("cifar10").unwrap();
    assert_eq!((cifar.train.1, cifar.test.1), (50_000, 10_000));
    assert_eq!(cifar.train.0.len(), 5);
    assert!(cifar.archive.md5.is_some());
    let error = registry.images("imagenet").unwrap_err().to_string();
    assert!(error.contains("known: cifar10, cifar10-subset"), "{error}");
}

#[test]
fn a_registry_of_images_that_cannot_be_meant_is_refused() {
    let with = |from: &str, to: &str| {
        let text = "images:\n  tiny: {channels: 1, side: 2, classes: 3, archive: {name: t.tar}, \
                    train: {members: [a], images: 3}, test: {members: [b], images: 1}, mean: [10], deviation: [2]}";
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        Registry::from_yaml(&changed).unwrap_err().to_string()
    };
    assert!(with("deviation: [2]", "deviation: [0]").contains("images.tiny.mean"));
    assert!(with("side: 2", "side: 0").contains("images.tiny.side"));
    assert!(with("members: [b]", "members: []").contains("images.tiny.test"));
    assert!(with("name: t.tar", "name: t.tar, md5: x").contains("32 hex digits"));
    assert!(with("tiny:", "ti/ny:").contains("a data set's name names files too"));
    assert!(with("members: [b]", "members: [b, a]").contains("a is trained on too"));
    assert!(with("images: 1}", "images: 0}").contains("images.tiny.test"));
    assert!(with("mean: [10]", "mean: [10, 10]").contains("of each channel"));
    for surrogate in [
        "{signal: 256, noise: 0, shift: 0}",
        "{signal: 0, noise: -1, shift: 0}",
        "{signal: 0, noise: 0, shift: 3}",
    ] {
        let more = format!("deviation: [2], surrogate: {surrogate}");
        let said = with("deviation: [2]", &more);
        assert!(said.contains("images.tiny.surrogate"), "{said}");
    }
    for (key, most) in [("channels: 1", 16), ("side: 2", 4096), ("classes: 3", 256)] {
        let name = key.split(':').next().unwrap();
        let said = with(key, &format!("{name}: {}", most + 1));
        assert!(said.contains(&format!("is not from 1 to {most}")), "{said}");
    }
    assert!(with("channels", "channel").contains("unknown field"));
}
