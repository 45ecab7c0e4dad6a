//! Runs the steps of a formula.

use std::borrow::Cow;
use std::ops::Range;

use super::lexer::shortened;
use super::parser::{Op, Step};
use super::{Flaw, Function, Lookup, quoted};
use crate::latent::{Latent, Prior, lerp, slerp};

/// Largest seed that a number of a formula names exactly.
const MAX_SEED: f64 = 9_007_199_254_740_992.0;

/// What a formula is computed with.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Dimensions that the generator takes.
    pub dims: usize,
    /// How the generator's latents were drawn.
    pub prior: Prior,
    /// The named latents.
    pub names: &'a dyn Lookup,
}

/// What lies on the stack.
enum Value<'a> {
    Number(f64),
    /// Finite values only.
    Latent(Cow<'a, Latent>),
}

struct Item<'a> {
    value: Value<'a>,
    at: Range<usize>,
}

pub(super) fn evaluate(steps: &[Step], length: usize, scope: &Scope) -> Result<Latent, Flaw> {
    let mut stack: Vec<Item> = Vec::new();
    for step in steps {
        let value = run(step, &mut stack, scope)?;
        stack.push(Item { value, at: step.at.clone() });
    }
    match stack.pop().map(|item| item.value) {
        Some(Value::Latent(latent)) => Ok(latent.into_owned()),
        Some(Value::Number(number)) => {
            let why = format!(
                "this gives the number {number}, and a latent was wanted; {number} * zero + … or a \
                 name makes it one"
            );
            Err(Flaw::new(0..length, why))
        }
        None => Err(Flaw::new(0..length, "the formula is empty")),
    }
}

fn run<'a>(step: &Step, stack: &mut Vec<Item<'a>>, scope: &Scope<'a>) -> Result<Value<'a>, Flaw> {
    let at = &step.at;
    match &step.op {
        Op::Number(number) => Ok(Value::Number(*number)),
        Op::Zero => Ok(Value::Latent(Cow::Owned(Latent::zero(scope.dims)))),
        Op::Name(name) => scope.find(name, at).map(|latent| Value::Latent(Cow::Borrowed(latent))),
        Op::Negate => match pop(stack, at)?.value {
            Value::Number(number) => Ok(Value::Number(-number)),
            Value::Latent(latent) => mapped(&latent, at, |v| -v),
        },
        Op::Add => binary(stack, at, |a, b| a + b, |a, b| a + b),
        Op::Subtract => binary(stack, at, |a, b| a - b, |a, b| a - b),
        Op::Multiply => binary(stack, at, |a, b| a * b, |a, b| a * b),
        Op::Divide => {
            match stack.last() {
                Some(Item { value: Value::Number(divisor), at }) if *divisor as f32 == 0.0 => {
                    return Err(Flaw::new(at.clone(), "this divides by zero"));
                }
                Some(Item { value: Value::Latent(_), at }) => {
                    let why = "only numbers divide: a latent has values near zero";
                    return Err(Flaw::new(at.clone(), why));
                }
                _ => {}
            }
            binary(stack, at, |a, b| a / b, |a, b| a / b)
        }
        Op::Call(function, count) => {
            let arguments = stack.split_off(stack.len().saturating_sub(*count));
            call(*function, &arguments, at, scope)
        }
    }
}

impl<'a> Scope<'a> {
    fn find(&self, name: &str, at: &Range<usize>) -> Result<&'a Latent, Flaw> {
        let Some(latent) = self.names.latent(name) else {
            let hint = match self.names.nearest(name) {
                Some(near) => format!("did you mean {}?", quoted(near)),
                None if Function::called(name).is_some() => {
                    "a function's arguments stand in brackets behind it".to_owned()
                }
                None if self.names.is_empty() => "the library is empty".to_owned(),
                None => "the library shows the names there are".to_owned(),
            };
            let why = format!("there is no latent called {}; {hint}", quoted(&shortened(name)));
            return Err(Flaw::new(at.clone(), why));
        };
        if latent.dims() != self.dims {
            let why = format!(
                "{} has {} dimensions, and this generator takes {}; it belongs to another model",
                quoted(&shortened(name)),
                latent.dims(),
                self.dims
            );
            return Err(Flaw::new(at.clone(), why));
        }
        Ok(latent)
    }
}

/// The parser leaves no step without its operands; were there one, this is what is said of it.
fn pop<'a>(stack: &mut Vec<Item<'a>>, at: &Range<usize>) -> Result<Item<'a>, Flaw> {
    stack.pop().ok_or_else(|| Flaw::new(at.clone(), "an operand is missing"))
}

fn binary<'a>(
    stack: &mut Vec<Item<'a>>,
    at: &Range<usize>,
    narrow: impl Fn(f32, f32) -> f32,
    wide: impl Fn(f64, f64) -> f64,
) -> Result<Value<'a>, Flaw> {
    let (right, left) = (pop(stack, at)?.value, pop(stack, at)?.value);
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => number(wide(a, b), at),
        (Value::Latent(a), Value::Number(b)) => mapped(&a, at, |a| narrow(a, b as f32)),
        (Value::Number(a), Value::Latent(b)) => mapped(&b, at, |b| narrow(a as f32, b)),
        (Value::Latent(a), Value::Latent(b)) => {
            let pairs = a.values().iter().zip(b.values());
            latent(pairs.map(|(a, b)| narrow(*a, *b)).collect(), at)
        }
    }
}

fn call<'a>(
    function: Function,
    arguments: &[Item<'a>],
    at: &Range<usize>,
    scope: &Scope,
) -> Result<Value<'a>, Flaw> {
    match (function, arguments) {
        (Function::Abs, [Item { value: Value::Number(x), .. }]) => Ok(Value::Number(x.abs())),
        (Function::Abs, [x]) => mapped(as_latent(x)?, at, f32::abs),
        (Function::Mean, [first, rest @ ..]) => {
            let mut sum = as_latent(first)?.values().to_vec();
            for item in rest {
                sum.iter_mut().zip(as_latent(item)?.values()).for_each(|(sum, v)| *sum += v);
            }
            let count = arguments.len() as f32;
            latent(sum.into_iter().map(|v| v / count).collect(), at)
        }
        (Function::Lerp, [a, b, t]) => {
            finite(lerp(as_latent(a)?, as_latent(b)?, as_number(t)?), at)
        }
        (Function::Slerp, [a, b, t]) => {
            finite(slerp(as_latent(a)?, as_latent(b)?, as_number(t)?), at)
        }
        (Function::Normalize, [x]) => {
            let z = as_latent(x)?;
            let norm = z.norm();
            if norm == 0.0 {
                return Err(Flaw::new(x.at.clone(), "the origin has no direction to normalize"));
            }
            let scale = scope.prior.typical_norm(scope.dims) / norm;
            mapped(z, at, |v| v * scale)
        }
        (Function::Clamp, [x, low, high]) => {
            let (least, most) = (as_number(low)?, as_number(high)?);
            if least > most {
                let why = format!("the lower end {least} lies above the upper end {most}");
                return Err(Flaw::new(low.at.start..high.at.end, why));
            }
            mapped(as_latent(x)?, at, |v| v.clamp(least, most))
        }
        (Function::Truncate, [x, psi]) => finite(as_latent(x)?.truncated(as_number(psi)?), at),
        (Function::Random, [item]) => {
            let found = match item.value {
                Value::Number(number) => seed(number),
                Value::Latent(_) => None,
            };
            let Some(seed) = found else {
                let why = format!("a seed is a whole number between 0 and {MAX_SEED}");
                return Err(Flaw::new(item.at.clone(), why));
            };
            Ok(Value::Latent(Cow::Owned(scope.prior.from_seed(scope.dims, seed))))
        }
        _ => Err(Flaw::new(at.clone(), format!("it is called as {}", function.signature()))),
    }
}

/// The seed that a number names.
pub(super) fn seed(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (0.0..=MAX_SEED).contains(&number);
    fits.then_some(number as u64)
}

fn as_latent<'i>(item: &'i Item) -> Result<&'i Latent, Flaw> {
    match &item.value {
        Value::Latent(latent) => Ok(latent),
        Value::Number(number) => {
            let why = format!("a latent belongs here, and this is the number {number}");
            Err(Flaw::new(item.at.clone(), why))
        }
    }
}

fn as_number(item: &Item) -> Result<f32, Flaw> {
    match item.value {
        Value::Number(number) => Ok(number as f32),
        Value::Latent(_) => {
            Err(Flaw::new(item.at.clone(), "a number belongs here, and this is a latent"))
        }
    }
}

fn number<'a>(number: f64, at: &Range<usize>) -> Result<Value<'a>, Flaw> {
    if (number as f32).is_finite() {
        return Ok(Value::Number(number));
    }
    Err(Flaw::new(at.clone(), "this gives a number that is too large"))
}

fn mapped<'a>(
    z: &Latent,
    at: &Range<usize>,
    change: impl Fn(f32) -> f32,
) -> Result<Value<'a>, Flaw> {
    latent(z.values().iter().map(|v| change(*v)).collect(), at)
}

fn latent<'a>(values: Vec<f32>, at: &Range<usize>) -> Result<Value<'a>, Flaw> {
    finite(Latent(values), at)
}

fn finite<'a>(latent: Latent, at: &Range<usize>) -> Result<Value<'a>, Flaw> {
    match latent.values().iter().position(|v| !v.is_finite()) {
        Some(dim) => {
            let why = format!("dimension {dim} of this becomes {}, not a number", latent.get(dim));
            Err(Flaw::new(at.clone(), why))
        }
        None => Ok(Value::Latent(Cow::Owned(latent))),
    }
}
