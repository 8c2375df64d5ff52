//! An element's attributes, asked for one by one; what nobody asked for is unknown.

use std::fmt::Display;
use std::path::PathBuf;

use rules::Recipient;
use sample::Untrusted;

use crate::report::Report;
use crate::suggest::nearest;
use crate::value::{self, advice};
use crate::xml::{Attribute, Element};
use crate::{Secret, SecretSource};

pub(crate) struct Fields<'e, 'r> {
    element: &'e Element<'e>,
    asked: Vec<&'static str>,
    pub(crate) report: &'r mut Report,
}

impl<'e, 'r> Fields<'e, 'r> {
    pub(crate) fn new(element: &'e Element<'e>, report: &'r mut Report) -> Fields<'e, 'r> {
        Fields { element, asked: Vec::new(), report }
    }

    /// The attribute's value, if it is there and right. What is wrong is reported.
    pub(crate) fn optional<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let attribute = self.ask(name)?;
        let text = attribute.value.as_ref()?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(complaint) => {
                // A password or a passphrase may stand where its file belongs.
                let shown = if name.starts_with("pass") { String::new() } else { format!("\"{}\" ", Untrusted(text)) };
                self.report.problem(attribute.value_at, format!("{name} {shown}{complaint}"));
                None
            }
        }
    }

    /// The same, and its absence is reported too.
    pub(crate) fn required<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.find(name).is_none() {
            self.missing(name);
        }
        self.optional(name, parse)
    }

    pub(crate) fn missing(&mut self, name: &'static str) {
        self.report.problem(self.element.at, format!("missing attribute {name:?} on <{}>", self.element.name));
    }

    /// `password`, `password-file` or `password-env`, at most one of them. No password is ever part of a message.
    pub(crate) fn password(&mut self) -> Option<SecretSource> {
        let inline = self.inline_password().map(SecretSource::Inline);
        let file = self.path("password-file").map(SecretSource::File);
        let variable = self.optional("password-env", value::variable).map(SecretSource::Env);
        self.at_most_one(&["password", "password-file", "password-env"]);
        inline.or(file).or(variable)
    }

    /// `passphrase-file` or `passphrase-env`.
    pub(crate) fn passphrase(&mut self) -> Option<SecretSource> {
        let file = self.path("passphrase-file").map(SecretSource::File);
        let variable = self.optional("passphrase-env", value::variable).map(SecretSource::Env);
        self.at_most_one(&["passphrase-file", "passphrase-env"]);
        file.or(variable)
    }

    fn at_most_one(&mut self, names: &[&str]) {
        let given: Vec<_> = names.iter().filter(|name| self.has(name)).collect();
        if let [first, second, ..] = given[..] {
            let at = self.place(second);
            self.report.problem(at, format!("both {first} and {second} are given, only one is allowed"));
        }
    }

    fn inline_password(&mut self) -> Option<Secret> {
        let attribute = self.ask("password")?;
        let text = attribute.value.as_ref()?;
        self.report.inline_password(attribute.at);
        if text.is_empty() {
            self.report.problem(attribute.value_at, "password is empty");
        }
        Some(Secret::new(text.to_string()))
    }

    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> PathBuf {
        self.report.folder(self.element.at)
    }

    pub(crate) fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        let folder = self.folder();
        self.optional(name, |text| value::path(text, &folder))
    }

    /// Who is told. Which notifiers there are is known later.
    pub(crate) fn recipients(&mut self, name: &'static str) -> Option<Vec<Recipient>> {
        let recipients = self.optional(name, value::recipients)?;
        let at = self.place(name);
        self.report.later.told(&recipients, at);
        Some(recipients)
    }

    /// Reports an attribute that may not stand here, if it does.
    pub(crate) fn refuse(&mut self, name: &str, message: &str) {
        if self.has(name) {
            let at = self.place(name);
            self.report.problem(at, message);
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Where the value stands; the element if it is not there.
    pub(crate) fn place(&self, name: &str) -> usize {
        self.find(name).map_or(self.element.at, |attribute| attribute.value_at)
    }

    /// Reports the attributes nobody asked for.
    pub(crate) fn finish(self) {
        let unknown = |attribute: &&Attribute<'_>| !self.asked.contains(&attribute.name);
        for attribute in self.element.attributes.iter().filter(unknown) {
            self.report.problem_with(attribute.at, || {
                let (name, advice) = (Untrusted(attribute.name), advice(attribute.name, &self.asked));
                format!("unknown attribute \"{name}\" on <{}>, {advice}", self.element.name)
            });
        }
    }

    fn ask(&mut self, name: &'static str) -> Option<&'e Attribute<'e>> {
        self.asked.push(name);
        self.find(name)
    }

    fn find(&self, name: &str) -> Option<&'e Attribute<'e>> {
        self.element.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// Reports an element that may not stand here.
pub(crate) fn unknown_child(child: &Element<'_>, parent: &str, allowed: &[&str], report: &mut Report) {
    report.problem_with(child.at, || {
        let advice = match nearest(child.name, allowed) {
            Some(word) => format!("did you mean <{word}>?"),
            None if allowed.is_empty() => "which has none".to_owned(),
            None => format!("allowed are <{}>", allowed.join(">, <")),
        };
        format!("unknown element <{}> in <{parent}>, {advice}", Untrusted(child.name))
    });
}

/// Reports every child of an element that has none.
pub(crate) fn no_children(element: &Element<'_>, report: &mut Report) {
    element.children.iter().for_each(|child| unknown_child(child, element.name, &[], report));
}
