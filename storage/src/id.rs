//! The keys of rows, each its own type so that none can stand in for another.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) i64);

        impl $name {
            /// The number that stands in the database.
            pub const fn as_i64(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Value {
                Value::Integer(id.0)
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$name> {
                i64::column_result(value).map($name)
            }
        }
    };
}

row_id! {
    /// One run of the collector.
    RunId
}
row_id! {
    /// A host.
    HostId
}
row_id! {
    /// A sample as it lies in the database.
    SampleRowId
}
row_id! {
    /// An alert: a thing that a rule has fired on.
    AlertId
}
row_id! {
    /// A mail on its way to one recipient.
    DeliveryId
}

/// As people type it, who read it somewhere. A number that no row has is found nowhere.
impl FromStr for DeliveryId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<DeliveryId, ParseIntError> {
        text.parse().map(DeliveryId)
    }
}
