//! Measures each step of a full exchange by itself, on one thread: an INIT of the appointment plugin
//! with a new flow token, whose flow has its Flow JSON. `exchange` measures the whole; this shows
//! where its time goes and what a change to one step does.
//!
//! `begin` and `commit` are what the step waits for a PostgreSQL on this machine that does not sync
//! to disk, over one connection, so most of it is not the host's processor time. `call` makes the
//! instance, calls it and drops it. `check` has the plugin's answer and the rules of the Flow JSON.
//!
//! `cargo bench -p flowhost --bench steps` (`-- NAME` for one step)

#![expect(clippy::unwrap_used, reason = "a measurement that fails is over")]

mod scene;

use std::sync::LazyLock;

use divan::{Bencher, Divan};
use flowhost_exchange::exchange::token_standing;
use flowhost_exchange::sessions::{Met, Turn};
use flowhost_protocol::crypto::InlineRsa;
use flowhost_protocol::envelope::{Opened, open};
use flowhost_protocol::flow::{Answer, CheckedAnswer};
use flowhost_protocol::signature::{VerifiedBody, verify};

use self::scene::{SCENE, Scene};

fn main() {
    LazyLock::force(&SCENE);
    Divan::default().sample_count(SAMPLES).config_with_args().main();
}

#[divan::bench]
fn step_1_verify(bencher: Bencher) {
    let secrets = SCENE.endpoint.tenant.app_secrets();
    bencher
        .with_inputs(|| SCENE.raw_request())
        .bench_values(|request| verify(&secrets, request).unwrap());
}

#[divan::bench]
fn step_2_open(bencher: Bencher) {
    bencher.with_inputs(|| verified(&SCENE)).bench_values(|body| opened(&SCENE, body));
}

#[divan::bench]
fn step_3_begin(bencher: Bencher) {
    bencher
        .with_inputs(|| SCENE.new_exchange())
        .bench_values(|(exchange, received)| begun(&SCENE, &exchange, received));
}

#[divan::bench]
fn step_4_call(bencher: Bencher) {
    let (exchange, received) = SCENE.new_exchange();
    let turn = begun(&SCENE, &exchange, received);
    bencher.bench(|| {
        let asked = SCENE.plugins.invoke(&SCENE.call, &exchange, turn.input());
        drop(SCENE.runtime.block_on(asked).unwrap());
    });
}

#[divan::bench]
fn step_5_check(bencher: Bencher) {
    let (exchange, received) = SCENE.new_exchange();
    let turn = begun(&SCENE, &exchange, received);
    let settings = &SCENE.endpoint.settings;
    bencher.with_inputs(|| answered(&SCENE, &exchange, &turn)).bench_values(|answer| {
        settings.check_answer(answer, &exchange, SCENE.endpoint.reply_rules()).unwrap()
    });
}

#[divan::bench]
fn step_6_commit(bencher: Bencher) {
    let begin_and_answer = || {
        let (exchange, received) = SCENE.new_exchange();
        let turn = begun(&SCENE, &exchange, received);
        let answer = checked(&SCENE, &exchange, &turn);
        (turn, answer)
    };
    bencher.with_inputs(begin_and_answer).bench_values(|(turn, answer)| {
        SCENE.runtime.block_on(turn.commit(answer, Some(1))).unwrap()
    });
}

#[divan::bench]
fn step_7_seal(bencher: Bencher) {
    let (exchange, received) = SCENE.new_exchange();
    let turn = begun(&SCENE, &exchange, received);
    let answer = checked(&SCENE, &exchange, &turn);
    bencher
        .with_inputs(|| opened(&SCENE, verified(&SCENE)).seal)
        .bench_values(|seal| seal.seal(answer.reply()).unwrap());
}

fn verified(scene: &Scene) -> VerifiedBody {
    verify(&scene.endpoint.tenant.app_secrets(), scene.raw_request()).unwrap()
}

fn opened(scene: &Scene, body: VerifiedBody) -> Opened {
    let opening = open(&InlineRsa, scene.endpoint.tenant.private_keys(), body);
    scene.runtime.block_on(opening).unwrap()
}

fn begun(scene: &Scene, exchange: &scene::Exchange, received: scene::Received) -> Turn {
    let standing = token_standing(&scene.endpoint.settings, exchange, || true);
    let beginning = scene.sessions.begin(&scene.endpoint.space, standing, exchange, received);
    match scene.runtime.block_on(beginning).unwrap().met {
        Met::Turn(turn) => turn,
        other => panic!("a new flow token meets {other:?}"),
    }
}

fn answered(scene: &Scene, exchange: &scene::Exchange, turn: &Turn) -> Answer {
    let asked = async {
        let unchecked = scene.plugins.invoke(&scene.call, exchange, turn.input()).await.unwrap();
        unchecked.check(Ok).await.unwrap().unwrap()
    };
    scene.runtime.block_on(asked)
}

fn checked(scene: &Scene, exchange: &scene::Exchange, turn: &Turn) -> CheckedAnswer {
    let answer = answered(scene, exchange, turn);
    let rules = scene.endpoint.reply_rules();
    scene.endpoint.settings.check_answer(answer, exchange, rules).unwrap()
}

/// A commit takes a millisecond at the most, so a step takes seconds at the most.
const SAMPLES: u32 = 1_000;
