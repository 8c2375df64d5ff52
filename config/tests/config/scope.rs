//! What is looked at beside what always is.

use config::{Config, Host};
use sample::Scope;

use super::includes::{folder as folder_of, load_in};
use super::{folder, mistakes, parse};

fn valid(name: &str) -> Config {
    parse(&std::fs::read(folder("testdata/valid").join(name)).unwrap()).unwrap()
}

fn scope_of<'c>(config: &'c Config, name: &str) -> &'c Scope {
    &config.hosts.iter().find(|host| host.name.as_str() == name).unwrap().scope
}

/// The processes as `nginx×4`, then the units.
fn wanted(scope: &Scope) -> String {
    let processes = scope.processes.iter().map(|process| format!("{}×{}", process.name, process.min));
    processes.chain(scope.units.iter().cloned()).collect::<Vec<_>>().join(", ")
}

/// What the only client wants, with these elements in `<defaults>`, in its group, and of its own.
fn levels(defaults: &str, group: &str, client: &str) -> String {
    let text = format!(
        "<config><defaults username='m' identity-file='id'>{defaults}</defaults><group name='g'>{group}</group>\
         <client ip='a' group='g'>{client}</client></config>"
    );
    wanted(&parse(text.as_bytes()).unwrap().hosts[0].scope)
}

#[test]
fn a_client_wants_what_its_group_and_the_defaults_want_too() {
    let config = valid("everything.xml");
    let swap = "dev-disk-by\\x2dlabel-swap.swap";
    let web = scope_of(&config, "web09");
    assert_eq!(wanted(web), format!("sshd×1, tmux: server×2, nginx×4, cron.service, {swap}, nginx.service"));
    let options = Scope { process_arguments: true, log_lines: 20, check_timeout_ms: 1500, ..Scope::default() };
    assert_eq!(*web, Scope { processes: web.processes.clone(), units: web.units.clone(), ..options });
    let db = scope_of(&config, "db1");
    assert_eq!(wanted(db), format!("tmux: server×2, postgres×100000, {swap}, postgresql@15-main.service"));
    let options =
        Scope { checks: false, listeners: true, network_filesystems: true, log_lines: 100, ..Scope::default() };
    assert_eq!(*db, Scope { processes: db.processes.clone(), units: db.units.clone(), ..options });
}

#[test]
fn every_host_of_a_range_wants_the_same() {
    let config = valid("everything.xml");
    assert_eq!(scope_of(&config, "web08"), scope_of(&config, "web10"));
}

#[test]
fn a_file_of_the_original_asks_for_nothing_more_than_always() {
    assert_eq!(valid("original.xml").hosts[0].scope, Scope::default());
}

#[test]
fn one_of_a_nearer_level_takes_the_place_of_an_inherited_one() {
    let process = |min: u32| format!("<process name='x' min='{min}'/>");
    assert_eq!(levels(&process(1), &process(2), &process(3)), "x×3");
    assert_eq!(levels(&process(2), "", "<process name='y'/>"), "x×2, y×1");
    assert_eq!(levels(&process(2), "", "<process name='x'/>"), "x×1", "what it does not say is the default");
}

#[test]
fn what_is_inherited_can_be_undone_and_wanted_again() {
    let (wanted, undone) =
        ("<process name='x'/><unit name='u'/>", "<process name='x' wanted='no'/><unit name='u' wanted='no'/>");
    assert_eq!(levels(wanted, undone, ""), "");
    assert_eq!(levels(wanted, undone, wanted), "x×1, u.service");
}

#[test]
fn what_undoes_nothing_is_warned_of_where_it_stands() {
    let undone = "<process name='x' wanted='no'/><unit name='u' wanted='no'/>";
    let other = "<process name='u'/><unit name='x'/><process name='X'/><unit name='u.timer'/>";
    assert_eq!(levels(other, undone, ""), "u×1, X×1, x.service, u.timer", "it is no mistake");
    let in_vain = "config.xml:3:3: no <process> \"x\" is inherited here: wanted=\"no\" undoes nothing\n\
                   config.xml:3:34: no <unit> \"u.service\" is inherited here: wanted=\"no\" undoes nothing";
    let told = |defaults: &str, group: &str, client: &str| {
        let text = format!(
            "<config><defaults username='m' identity-file='id'>{defaults}</defaults>\n<group name='g'>{group}</group>\n\
             {client}</config>"
        );
        let config = config::parse(text.as_bytes(), "config.xml".as_ref(), 0o600).unwrap();
        config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let clients = |own: &str| format!("<client ip='a' group='g'>\n{own}</client><client ip='b[1-3]' group='g'/>");
    let indented = format!("  {undone}");
    let wanted = "<process name='x'/><unit name='u.service'/>";
    assert_eq!(told(wanted, "", &clients(&indented).replace('\n', "")), "");
    assert_eq!(told(wanted, undone, &clients("")), "");
    assert_eq!(told("", wanted, &clients(&indented)), "");
    let at_line = |line: u32| in_vain.replace(":3:", &format!(":{line}:"));
    assert_eq!(told(other, other, &clients(&indented)), at_line(4));
    assert_eq!(told(wanted, undone, &clients(&indented)), at_line(4), "the group has undone it already");
    assert_eq!(told(wanted, "", "<client ip='a'/><client ip='b' group='g'/>"), "");
    assert_eq!(told(&format!("\n\n{indented}"), "", &clients("")), in_vain, "told once, not for each client");
    assert_eq!(told("", &format!("\n{indented}"), &clients("")), in_vain);
}

#[test]
fn a_unit_is_the_same_with_and_without_its_suffix_and_a_timer_is_another_one() {
    assert_eq!(levels("<unit name='u'/>", "<unit name='u.service'/>", "<unit name='u.timer'/>"), "u.service, u.timer");
    assert_eq!(levels("<unit name='u'/>", "", ""), "u.service", "systemd tells of it by that name when it has failed");
    assert_eq!(levels("<unit name='u.service'/>", "", "<unit name='u' wanted='no'/>"), "");
}

#[test]
fn defaults_and_groups_of_other_files_are_inherited_from() {
    let folder = folder_of(&[
        (
            "config.xml",
            "<config><include href='conf.d/*.xml'/><client ip='a' group='g'><unit name='c'/></client></config>",
        ),
        (
            "conf.d/a.xml",
            "<config><defaults username='m' identity-file='id' log-lines='7'><unit name='a'/></defaults></config>",
        ),
        ("conf.d/b.xml", "<config><group name='g'><unit name='b'/></group></config>"),
    ]);
    let config = load_in(&folder).unwrap();
    let [Host { scope, .. }] = &config.hosts[..] else { panic!("one host") };
    assert_eq!((wanted(scope).as_str(), scope.log_lines), ("a.service, b.service, c.service", 7));
}

#[test]
fn a_command_timeout_that_slow_checks_outlast_is_warned_of_where_it_stands() {
    let told = |collector: &str, client: &str| {
        let text = format!(
            "<config><defaults username='m' identity-file='id'/>\n<collector {collector}/><client ip='a'{client}/>\
             <client ip='b' checks='no'/></config>"
        );
        let config = config::parse(text.as_bytes(), "config.xml".as_ref(), 0o600).unwrap();
        config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let warning = "config.xml:2:29: command-timeout is shorter than custom checks may take (20s together): hosts with slow \
                   checks end as command_timeout; give 25s or more, or say checks=\"no\"";
    assert_eq!(told("jobs='8' command-timeout='24999ms'", ""), warning.replace(":29:", ":38:"));
    assert_eq!(told("command-timeout='1s'", " check-timeout='1s'"), warning, "many checks take longer than one");
    for (collector, client) in [
        ("command-timeout='25s'", ""),
        ("", ""),
        ("command-timeout='1s'", " checks='no'"),
        ("command-timeout='1s'", " enabled='no'"),
    ] {
        assert_eq!(told(collector, client), "", "{collector}{client}");
    }
}

#[test]
fn a_host_has_at_most_64_of_each_and_one_more_is_told_once_where_it_stands() {
    let processes =
        |range: std::ops::Range<u32>| range.map(|n| format!("<process name='p{n}'/>\n")).collect::<String>();
    let config = |defaults: &str, clients: &str| {
        format!("<config><defaults username='m' identity-file='id'>\n{defaults}</defaults>\n{clients}</config>")
    };
    let both = |own: &str| config(&processes(0..63), &format!("<client ip='a'/>\n<client ip='b'>{own}</client>"));
    assert_eq!(mistakes(both("<process name='p63'/>").as_bytes(), 0o600), "accepted");
    let undone = "<process name='p63'/><process name='p0' wanted='no'/><process name='p64'/>";
    assert_eq!(mistakes(both(undone).as_bytes(), 0o600), "accepted", "one that is undone leaves room");
    let own = both("<process name='p63'/><process name='p64'/>");
    let told = "more than 64 <process> for one host, inherited ones included";
    assert_eq!(mistakes(own.as_bytes(), 0o600), format!("config.xml:67:37: {told}"));
    let inherited = config(&processes(0..65), "<client ip='a'/><client ip='b'/>");
    assert_eq!(mistakes(inherited.as_bytes(), 0o600), format!("config.xml:66:1: {told}"));
    let group = format!("<group name='g'>{}</group>", processes(40..65).replace('\n', ""));
    let by_group =
        config(&processes(0..40), &format!("{group}<client ip='b[1-3]' group='g'/><client ip='c' group='g'/>"));
    assert_eq!(mistakes(by_group.as_bytes(), 0o600), format!("config.xml:43:521: {told}"));
}
