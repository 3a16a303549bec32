//! What a call of the admin API takes and gives: stands beside its handler, checks its body, and is written into the document.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// A type that goes over the wire.
#[derive(Clone, Copy)]
pub struct Shape {
    pub name: fn() -> Cow<'static, str>,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Shape {
    pub const fn of<T: JsonSchema>() -> Self {
        Self { name: T::schema_name, schema: SchemaGenerator::subschema_for::<T> }
    }
}

/// The body of a request.
#[derive(Clone, Copy)]
pub enum Takes {
    Nothing,
    Json(Shape),
    /// A body that may be left out.
    Perhaps(Shape),
    /// A merge patch (RFC 7396), under its own name or as plain JSON.
    Patch(Shape),
}

impl Takes {
    pub const fn content_types(&self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Json(_) | Self::Perhaps(_) => &[JSON],
            Self::Patch(_) => &[MERGE_PATCH, JSON],
        }
    }

    /// Whether a body of this type may be sent.
    pub fn admits(&self, content_type: Option<&str>, is_empty: bool) -> bool {
        let named = content_type.and_then(|value| value.split(';').next()).map(str::trim);
        let known = |named: &str| self.content_types().iter().any(|own| own.eq_ignore_ascii_case(named));
        match self {
            Self::Nothing => true,
            Self::Perhaps(_) if is_empty => true,
            _ => named.is_some_and(known),
        }
    }

    pub const fn shape(&self) -> Option<Shape> {
        match self {
            Self::Nothing => None,
            Self::Json(shape) | Self::Perhaps(shape) | Self::Patch(shape) => Some(*shape),
        }
    }
}

/// What it gives when all goes well.
#[derive(Clone, Copy)]
pub enum Gives {
    /// 200.
    Ok(Shape),
    /// 200, with an entity tag.
    Tagged(Shape),
    /// 201, with its place and its entity tag.
    Created(Shape),
    /// 201, with nothing to find again.
    Once(Shape),
    /// 204.
    Nothing,
}

impl Gives {
    pub const fn status(&self) -> u16 {
        match self {
            Self::Ok(_) | Self::Tagged(_) => 200,
            Self::Created(_) | Self::Once(_) => 201,
            Self::Nothing => 204,
        }
    }

    pub const fn shape(&self) -> Option<Shape> {
        match self {
            Self::Ok(shape) | Self::Tagged(shape) | Self::Created(shape) | Self::Once(shape) => Some(*shape),
            Self::Nothing => None,
        }
    }
}

/// A parameter of the address.
pub struct Parameter {
    pub name: &'static str,
    pub says: &'static str,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The schema of a parameter that is an id.
pub fn uuid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uuid" })
}

/// One call.
pub struct Operation {
    pub id: &'static str,
    pub summary: &'static str,
    pub query: &'static [Parameter],
    pub takes: Takes,
    pub gives: Gives,
    /// Statuses beyond those that every call of its kind has.
    pub refuses: &'static [u16],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_known_by_their_type() {
        let shape = Shape::of::<String>();
        for (takes, content_type, is_empty, admitted) in [
            (Takes::Nothing, None, true, true),
            (Takes::Nothing, Some("text/plain"), false, true),
            (Takes::Json(shape), Some("application/json"), false, true),
            (Takes::Json(shape), Some("Application/JSON; charset=utf-8"), false, true),
            (Takes::Json(shape), Some("application/merge-patch+json"), false, false),
            (Takes::Json(shape), Some("application/jsonx"), false, false),
            (Takes::Json(shape), None, false, false),
            (Takes::Json(shape), None, true, false),
            (Takes::Perhaps(shape), None, true, true),
            (Takes::Perhaps(shape), None, false, false),
            (Takes::Patch(shape), Some("application/merge-patch+json"), false, true),
            (Takes::Patch(shape), Some("application/json"), false, true),
            (Takes::Patch(shape), Some("application/json-patch+json"), false, false),
        ] {
            assert_eq!(takes.admits(content_type, is_empty), admitted, "{content_type:?} {is_empty}");
        }
    }
}
