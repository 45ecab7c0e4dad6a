//! A run that is interrupted, terminated or killed, and then gone on with, ends up exactly where a
//! run that never stopped does: the same losses, weights and sample sheets, byte for byte.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use latentscape::random::{Purpose, stream};
use latentscape::train::{RunFolder, read_events};
use rand::Rng;
use support::{PROGRAM, latentscape, pictures};

const BATCH: u64 = 8;
/// A length that no test waits for.
const ENDLESS: &str = "100000";

/// A network that draws from latents.
const FACES: &str = "--preset dcgan-64 --resolution 16 --width 4 --z 6";
/// One that makes pictures from pictures, on real pairs, with noise.
const PAIRS: &str = "--preset pix2pix --resolution 64 --width 3 --pictures 60 --dropout 0.5";

/// One of the runs that are compared. All are called `run`, since a model carries its run's name.
struct Run {
    out: PathBuf,
    data: PathBuf,
    network: &'static str,
}

impl Run {
    fn new(root: &Path, name: &str) -> Self {
        let run =
            Self { out: root.join(name).join("run"), data: root.join("data"), network: FACES };
        std::fs::create_dir_all(root.join(name)).unwrap();
        run
    }

    fn on_pairs(root: &Path, name: &str) -> Self {
        Self { data: "demo-sketches".into(), network: PAIRS, ..Self::new(root, name) }
    }

    fn words(&self, resume: bool, kimg: &str) -> Vec<String> {
        let out = self.out.to_str().unwrap();
        let line = if resume {
            format!("train --out {out} --resume --kimg {kimg} --device cpu")
        } else {
            format!(
                "train --out {out} --data {} {} --batch {BATCH} --save-kimg 0.08 --samples 4 --seed 5 --kimg {kimg} --device cpu \
                 --preview-kimg 0.1 --measure-kimg 0.12 --measure-pictures 20 --keep-kimg 0.16",
                self.data.to_str().unwrap(),
                self.network
            )
        };
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// Starts it, to go on until something stops it.
    fn started(&self, resume: bool) -> std::process::Child {
        Command::new(PROGRAM)
            .args(self.words(resume, ENDLESS))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.said()).unwrap())
            .spawn()
            .unwrap()
    }

    /// Starts it, waits until it has told `steps` steps more and written a checkpoint, then sends
    /// `signal`. Returns the status and everything it said.
    fn stopped_by(
        &self,
        signal: &str,
        resume: bool,
        steps: usize,
    ) -> (std::process::ExitStatus, String) {
        let wanted = self.lines() + steps;
        let mut child = self.started(resume);
        let patience = Instant::now() + Duration::from_secs(60);
        while self.lines() < wanted || !self.out.join("state.safetensors").exists() {
            if Instant::now() > patience || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                panic!("it did not train: {}", std::fs::read_to_string(self.said()).unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        send(signal, &child);
        let status = child.wait().unwrap();
        (status, std::fs::read_to_string(self.said()).unwrap())
    }

    fn to_the_end(&self, resume: bool, steps: u64) {
        let kimg = (steps * BATCH) as f64 / 1000.0;
        latentscape(self.words(resume, &kimg.to_string())).assert().success();
        assert_eq!(self.lines(), steps as usize);
    }

    fn said(&self) -> PathBuf {
        self.out.parent().unwrap().join("said.txt")
    }

    fn lines(&self) -> usize {
        let text = std::fs::read_to_string(self.out.join("losses.jsonl")).unwrap_or_default();
        text.lines().count()
    }

    /// Lets it do so many steps more and run for `moment` after that, then kills it.
    fn killed_after(&self, resume: bool, steps: usize, moment: Duration) {
        let wanted = self.lines() + steps;
        let mut child = self.started(resume);
        let patience = Instant::now() + Duration::from_secs(60);
        while steps > 0 && self.lines() < wanted && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(moment);
        if let Some(status) = child.try_wait().unwrap() {
            panic!(
                "it ended by itself, {status}: {}",
                std::fs::read_to_string(self.said()).unwrap()
            );
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Says so if a file is not that of `whole`, a run that was never interrupted.
    fn check_like(&self, whole: &Run, how: &str) {
        let (files, wanted) = (self.files(), whole.files());
        // A killed process may leave the temporary file that it was writing.
        let kept = files.iter().filter(|(name, _)| !name.contains(".latentscape-"));
        for (name, bytes) in kept {
            let same = wanted.get(name).is_some_and(|wanted| wanted == bytes);
            assert!(same, "{name} of the {how} run is not that of the whole run");
        }
        assert!(wanted.keys().all(|name| files.contains_key(name)), "{how}: a file is missing");
        let events = |run: &Run| read_events(&RunFolder::new(&run.out).event_path()).unwrap();
        assert_eq!(events(self), events(whole), "{how}: TensorBoard's numbers");
    }

    /// Every file that must not depend on how the run came about. TensorBoard's notes the time of
    /// day, and is compared by its numbers.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        walkdir::WalkDir::new(&self.out)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .filter(|entry| !entry.file_name().to_str().unwrap().contains("tfevents"))
            .map(|entry| {
                let name = entry.path().strip_prefix(&self.out).unwrap().to_str().unwrap();
                (name.to_owned(), std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_run_that_was_stopped_ends_like_one_that_was_not() {
    let root = tempfile::tempdir().unwrap();
    pictures(&root.path().join("data"), 36);
    let [whole, stopped, killed] =
        ["whole", "stopped", "killed"].map(|name| Run::new(root.path(), name));

    // Ctrl-C, and later what `kill` and a shutdown send.
    for (signal, resume) in [("-INT", false), ("-TERM", true)] {
        let before = stopped.lines();
        let (status, said) = stopped.stopped_by(signal, resume, 12);
        assert_eq!(status.code(), Some(130), "{signal}: {said}");
        assert!(said.contains("--resume"), "{signal}: how to go on is not said: {said}");
        assert!(stopped.lines() >= before + 12);
    }
    // No chance to save: what was done since the last checkpoint is done again.
    let (status, _) = killed.stopped_by("-KILL", false, 15);
    assert_eq!(status.signal(), Some(9));

    let steps = stopped.lines().max(killed.lines()) as u64 + 13;
    stopped.to_the_end(true, steps);
    killed.to_the_end(true, steps);
    whole.to_the_end(false, steps);

    let wanted = whole.files();
    for name in
        ["losses.jsonl", "model.safetensors", "state.safetensors", "samples/kimg_00000.104.png"]
    {
        assert!(wanted.contains_key(name), "{name} is missing: {:?}", wanted.keys());
    }
    stopped.check_like(&whole, "stopped");
    killed.check_like(&whole, "killed");
}

/// Three moments; as many as wanted with `LATENTSCAPE_KILLS=50 cargo test --test resume`.
#[test]
fn a_run_killed_at_random_moments_ends_like_one_that_was_not() {
    let kills = std::env::var("LATENTSCAPE_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let root = tempfile::tempdir().unwrap();
    pictures(&root.path().join("data"), 36);
    let [whole, killed] = ["whole", "killed"].map(|name| Run::new(root.path(), name));
    let mut most = 0;
    let mut rng = stream(9, Purpose::Measure, 0);
    for kill in 0..kills {
        // While it starts, or anywhere between or within steps and whatever is written after them.
        let steps = if kill % 5 == 4 { 0 } else { 1 + rng.next_u32() as usize % 24 };
        let moment = Duration::from_millis(u64::from(rng.next_u32() % 120));
        let resume = killed.out.join("config.json").exists();
        killed.killed_after(resume, steps, moment);
        most = most.max(killed.lines());
        eprintln!("kill {kill}, {moment:?} after {steps} steps: {most} steps in all");
    }
    let steps = most as u64 + 13;
    killed.to_the_end(killed.out.join("config.json").exists(), steps);
    whole.to_the_end(false, steps);
    killed.check_like(&whole, "killed");
}

#[test]
fn a_run_on_pairs_that_was_killed_ends_like_one_that_was_not() {
    let root = tempfile::tempdir().unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| Run::on_pairs(root.path(), name));
    let (status, _) = killed.stopped_by("-KILL", false, 13);
    assert_eq!(status.signal(), Some(9));
    let steps = killed.lines() as u64 + 9;
    killed.to_the_end(true, steps);
    whole.to_the_end(false, steps);
    killed.check_like(&whole, "killed");
    assert!(whole.files().contains_key("best.safetensors"), "held-out pairs are measured");
}

/// The disk has no room for a checkpoint: the run goes on to its end, says what is missing, and can be
/// gone on with when there is room.
#[test]
fn a_full_disk_stops_nothing_but_saving() {
    let root = tempfile::tempdir().unwrap();
    pictures(&root.path().join("data"), 12);
    let [whole, cramped] = ["whole", "cramped"].map(|name| Run::new(root.path(), name));
    // No file may have more than eight blocks of 512 bytes; a write beyond is an error, not a signal.
    let line = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", line, PROGRAM])
        .args(cramped.words(false, "0.32"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the run goes on, and saving is tried again"), "{said}");
    assert!(said.contains("step    40"), "{said}");
    assert!(said.lines().last().unwrap().starts_with("error: could not write"), "{said}");
    cramped.to_the_end(true, 40);
    whole.to_the_end(false, 40);
    cramped.check_like(&whole, "cramped");
}

/// A run's folder is all there is of it.
#[test]
fn a_run_goes_on_in_another_place() {
    let root = tempfile::tempdir().unwrap();
    pictures(&root.path().join("data"), 12);
    let [whole, mut moved] = ["whole", "moved"].map(|name| Run::new(root.path(), name));
    whole.to_the_end(false, 30);
    moved.to_the_end(false, 12);
    let (data, out) = (root.path().join("elsewhere"), root.path().join("there/run"));
    std::fs::create_dir(root.path().join("there")).unwrap();
    std::fs::rename(&moved.data, &data).unwrap();
    std::fs::rename(&moved.out, &out).unwrap();
    moved.out = out;
    let mut words = moved.words(true, "0.24");
    words.extend(["--data".to_owned(), data.to_str().unwrap().to_owned()]);
    latentscape(words).assert().success();
    let losses = |run: &Run| std::fs::read(run.out.join("losses.jsonl")).unwrap();
    assert_eq!(losses(&moved), losses(&whole));
    let model = |run: &Run| std::fs::read(run.out.join("model.safetensors")).unwrap();
    assert_ne!(model(&moved), model(&whole), "a model carries its data's name");
}

#[test]
fn a_finished_run_has_nothing_left_to_do() {
    let root = tempfile::tempdir().unwrap();
    pictures(&root.path().join("data"), 10);
    let run = Run::new(root.path(), "short");
    run.to_the_end(false, 3);
    let before = run.files();
    latentscape(run.words(true, "0.024"))
        .assert()
        .success()
        .stderr(predicates::str::contains("give a larger --kimg"));
    assert_eq!(run.files(), before);
}
