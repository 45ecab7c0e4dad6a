use super::*;

fn read(mut bytes: &[u8]) -> Result<Pickle, Why> {
    Pickle::read(&mut bytes)
}

fn asked(bytes: &[u8]) -> Vec<(String, Asked)> {
    let pickle = read(bytes).unwrap();
    pickle.asked.iter().map(|(name, asked)| (name.to_string(), *asked)).collect()
}

/// `pickle.dumps` of each protocol, as Python 3.12 writes `{"a": [1, -2, 2.5, True, None], "b": (10**12, "é")}`.
#[test]
fn plain_values_of_every_protocol() {
    let written: [&[u8]; 3] = [
        b"(dp0\nVa\np1\n(lp2\nI1\naI-2\naF2.5\naI01\naNasVb\np3\n(L1000000000000L\nV\xc3\xa9\np4\ntp5\ns.",
        b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00\x88NeX\x01\x00\x00\x00bq\x03\x8a\x06\x00\x10\xa5\xd4\xe8\x00X\x02\x00\x00\x00\xc3\xa9q\x04\x86q\x05u.",
        b"\x80\x04\x95.\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00\x88Ne\x8c\x01b\x94\x8a\x06\x00\x10\xa5\xd4\xe8\x00\x8c\x02\xc3\xa9\x94\x86\x94u.",
    ];
    for bytes in written {
        let pickle = read(bytes).unwrap();
        let list = pickle.items(pickle.entry(pickle.root, "a").unwrap()).unwrap().to_vec();
        assert_eq!((pickle.int(list[0]), pickle.int(list[1])), (Some(1), Some(-2)));
        assert!(matches!(pickle.value(list[2]), Value::Float(v) if *v == 2.5));
        assert!(matches!(pickle.value(list[3]), Value::Bool(true)));
        assert!(matches!(pickle.value(list[4]), Value::Nothing));
        let tuple = pickle.items(pickle.entry(pickle.root, "b").unwrap()).unwrap();
        assert_eq!(
            (pickle.int(tuple[0]), pickle.text(tuple[1])),
            (Some(1_000_000_000_000), Some("é"))
        );
    }
}

/// Every way there is to have something called.
#[test]
fn calls_are_named_and_not_made() {
    let cases: [(&[u8], &str, Asked); 6] = [
        (b"cos\nsystem\n(S'echo'\ntR.", "os.system", Asked::Call),
        (b"(S'echo'\nios\nsystem\n.", "os.system", Asked::Call),
        (b"(cos\nsystem\nS'echo'\no.", "os.system", Asked::Call),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.", "os.system", Asked::Call),
        (b"\x80\x02c__main__\nNet\n)\x81}b.", "__main__.Net", Asked::Make),
        (b"\x82\x07)R.", "extension 7", Asked::Call),
    ];
    for (bytes, name, how) in cases {
        assert_eq!(asked(bytes), [(name.to_owned(), how)], "{}", bytes.escape_ascii());
    }
    // What a call gives is called in turn.
    let twice = asked(b"cbuiltins\ngetattr\n(cos\nV x\ntR(tR.");
    assert_eq!(twice[1].0, "what builtins.getattr gives", "{twice:?}");
}

#[test]
fn damage_is_told() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "cut off"),
        (b"(lp0\n", "cut off"),
        (b".", "takes more from its stack"),
        (b"(.", "takes more"),
        (b"N\x85\x86.", "takes more"),
        (b"\xff.", "no instruction 0xff"),
        (b"\x80\x09N.", "protocol 9"),
        (b"h\x07.", "never seen"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "more than"),
    ];
    for (bytes, says) in cases {
        let why = read(bytes).unwrap_err();
        assert!(why.contains(says), "{}: {why}", bytes.escape_ascii());
    }
}

#[test]
fn cycles_and_depth_are_no_danger() {
    // A list that holds itself.
    let pickle = read(b"\x80\x02]q\x00h\x00a.").unwrap();
    assert_eq!(pickle.items(pickle.root).unwrap(), [pickle.root]);
    let mut deep = vec![b']'; 300_000];
    deep.extend(vec![b'a'; 299_999]);
    deep.push(b'.');
    assert_eq!(read(&deep).unwrap().values.len(), 300_000);
    let endless = vec![b'N'; MAX_VALUES + 1];
    assert!(read(&endless).unwrap_err().contains("more than"));
}

#[test]
fn numbers_of_any_length() {
    for (bytes, value) in [
        (&b"\x8a\x01\xff."[..], -1),
        (b"\x8a\x02\xff\x00.", 255),
        (b"\x8a\x00.", 0),
        (b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.", i64::MAX),
        (b"\x8a\x0c\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x80.", i64::MIN),
        (b"I-12\n.", -12),
        (b"L99999999999999999999L\n.", i64::MAX),
    ] {
        let pickle = read(bytes).unwrap();
        assert_eq!(pickle.int(pickle.root), Some(value), "{}", bytes.escape_ascii());
    }
}
