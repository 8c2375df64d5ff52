use super::*;

#[test]
fn a_pair_is_made_private_once_and_read_back() {
    let state = tempfile::tempdir().unwrap();
    let id = generate(state.path()).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(private_path(state.path())), 0o600);
    assert_eq!(mode(state.path().join("keys")), 0o700);
    assert_eq!(load(state.path()).unwrap().current.id, id);
    let before = fs::read(private_path(state.path())).unwrap();
    assert!(matches!(generate(state.path()), Err(KeyPairError::Exists(_))));
    assert_eq!(fs::read(private_path(state.path())).unwrap(), before);
}

#[test]
fn a_key_others_can_read_is_refused_with_the_chmod_that_mends_it() {
    let state = tempfile::tempdir().unwrap();
    generate(state.path()).unwrap();
    let path = private_path(state.path());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = load(state.path()).err().unwrap();
    assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", path.display()));
}

#[test]
fn a_missing_key_is_told_with_the_command_that_makes_one() {
    let state = tempfile::tempdir().unwrap();
    let error = load(state.path()).err().unwrap();
    assert!(error.hint().unwrap().contains("fleet-collector keygen"));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn ids(ring: &KeyRing) -> (KeyId, Vec<KeyId>) {
    (ring.current.id, ring.former.iter().map(|pair| pair.id).collect())
}

#[test]
fn a_rotation_keeps_the_old_keys_the_oldest_first_and_for_their_owner_alone() {
    let state = tempfile::tempdir().unwrap();
    let first = generate(state.path()).unwrap();
    let (second, replaced) = rotate(state.path()).unwrap();
    assert_eq!(replaced, first);
    let (third, _) = rotate(state.path()).unwrap();
    let ring = load(state.path()).unwrap();
    assert_eq!(ids(&ring), (third, vec![first, second]));
    assert!([first, second, third].iter().all(|id| ring.private(*id).is_some()));
    assert!(ring.private(KeyId([0; 32])).is_none());
    assert_eq!(mode(&former_dir(state.path())), 0o700);
    assert_eq!(mode(&ring.former[0].path), 0o600);
    assert_eq!(mode(&private_path(state.path())), 0o600);
    let public = |id: KeyId| state.path().join(format!("keys/{id}.pub"));
    assert!([first, second, third].iter().all(|id| public(*id).exists()));
}

#[test]
fn a_rotation_cut_short_at_any_write_leaves_a_current_key_and_can_be_repeated() {
    let state = tempfile::tempdir().unwrap();
    let first = generate(state.path()).unwrap();
    // The old key was kept, half of the new one was written, then the power failed.
    make_dir(&former_dir(state.path())).unwrap();
    let old = load(state.path()).unwrap().current.private;
    replace(&former_dir(state.path()), &format!("{first}.pem"), &old).unwrap();
    fs::write(former_dir(state.path()).join(".unfinished"), "-----BEGIN").unwrap();
    fs::write(state.path().join("keys/.unfinished"), "-----BEGIN").unwrap();
    assert_eq!(ids(&load(state.path()).unwrap()), (first, vec![]));
    let (second, _) = rotate(state.path()).unwrap();
    assert_eq!(ids(&load(state.path()).unwrap()), (second, vec![first]));
}

#[test]
fn more_keys_than_a_request_can_name_are_refused_before_anything_is_written() {
    let state = tempfile::tempdir().unwrap();
    let first = generate(state.path()).unwrap();
    let name = |n: usize| former_dir(state.path()).join(format!("{}.pem", KeyId([n as u8; 32])));
    make_dir(&former_dir(state.path())).unwrap();
    for n in 0..MOST_FORMER_KEYS {
        replace(
            &former_dir(state.path()),
            name(n).file_name().unwrap().to_str().unwrap(),
            &PrivateKey::generate().unwrap(),
        )
        .unwrap();
    }
    let ring = load(state.path()).unwrap();
    let host = |name: &str| name.parse::<HostName>().unwrap();
    assert_eq!(ring.former_owners(&host("new"), Some(&host("old"))).len(), MAX_FORMER - 1);
    let error = rotate(state.path()).unwrap_err();
    assert!(matches!(error, KeyPairError::TooManyFormer { found: 8, .. }), "{error}");
    assert_eq!(load(state.path()).unwrap().current.id, first);
    fs::copy(name(0), name(99)).unwrap();
    assert!(matches!(load(state.path()), Err(KeyPairError::TooManyFormer { found: 8, .. })));
}

#[test]
fn former_spools_are_named_oldest_first_and_the_current_one_never() {
    let state = tempfile::tempdir().unwrap();
    let first = generate(state.path()).unwrap();
    let (second, _) = rotate(state.path()).unwrap();
    let ring = load(state.path()).unwrap();
    let host = |name: &str| name.parse::<HostName>().unwrap();
    let owners = |formerly: Option<&HostName>| {
        let owners = ring.former_owners(&host("new"), formerly);
        owners.into_iter().map(|owner| (owner.key, owner.host.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(owners(None), [(first, "new".to_owned())]);
    let expected = [(first, "old"), (first, "new"), (second, "old")].map(|(key, name)| (key, name.to_owned()));
    assert_eq!(owners(Some(&host("old"))), expected);
}
