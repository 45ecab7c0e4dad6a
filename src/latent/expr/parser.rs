//! From words to steps for a stack. Recursive descent; each level of brackets is one level of calls,
//! and there are at most [`MAX_DEPTH`].
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = signed { ("*" | "/") signed }
//! signed  = { "-" | "+" } atom
//! atom    = number | name | "zero" | function "(" sum { "," sum } ")" | "(" sum ")" | "|" sum "|"
//! ```

use std::ops::Range;

use super::lexer::{self, Lexeme, Token, ZERO, shortened};
use super::{Flaw, Function};

/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 100;

/// One thing to do with the top of the stack.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    Number(f64),
    Name(String),
    Zero,
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    /// With how many arguments.
    Call(Function, usize),
}

/// An operation, and the part of the text that it computes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub op: Op,
    pub at: Range<usize>,
}

pub(super) fn parse(text: &str) -> Result<Vec<Step>, Flaw> {
    let lexemes = lexer::lex(text)?;
    if lexemes.is_empty() {
        return Err(Flaw::new(0..0, "the formula is empty; write for example G - D or mean(G, D)"));
    }
    let mut parser = Parser { text, lexemes, next: 0, depth: 0, steps: Vec::new() };
    parser.sum()?;
    match parser.peek() {
        None => Ok(parser.steps),
        Some(Token::Close) => Err(parser.flaw_here("this bracket closes none")),
        Some(Token::Comma) => {
            Err(parser.flaw_here("a comma only stands between the arguments of a function"))
        }
        Some(_) => Err(parser.flaw_here("an operator is missing before this: + - * or /")),
    }
}

struct Parser<'a> {
    text: &'a str,
    lexemes: Vec<Lexeme>,
    next: usize,
    depth: usize,
    steps: Vec<Step>,
}

/// Where the operand lies that was just parsed.
type Place = Range<usize>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.lexemes.get(self.next).map(|lexeme| &lexeme.token)
    }

    /// The place of the next word, or the end of the text.
    fn here(&self) -> Place {
        let end = self.text.trim_end().len();
        self.lexemes.get(self.next).map_or(end..end, |lexeme| lexeme.at.clone())
    }

    fn flaw_here(&self, message: impl Into<String>) -> Flaw {
        Flaw::new(self.here(), message)
    }

    fn step(&mut self, op: Op, at: Place) -> Place {
        self.steps.push(Step { op, at: at.clone() });
        at
    }

    fn sum(&mut self) -> Result<Place, Flaw> {
        self.chain(Self::product, |token| match token {
            Token::Plus => Some(Op::Add),
            Token::Minus => Some(Op::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Place, Flaw> {
        self.chain(Self::signed, |token| match token {
            Token::Times => Some(Op::Multiply),
            Token::Over => Some(Op::Divide),
            _ => None,
        })
    }

    /// Operands with operators between them, taken from left to right.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Place, Flaw>,
        operator: fn(&Token) -> Option<Op>,
    ) -> Result<Place, Flaw> {
        let mut left = operand(self)?;
        while let Some(op) = self.peek().and_then(operator) {
            self.next += 1;
            let right = operand(self)?;
            left = self.step(op, left.start..right.end);
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Place, Flaw> {
        let start = self.here().start;
        let mut minus = false;
        // A loop: a thousand signs are no deeper than one.
        while let Some(sign @ (Token::Minus | Token::Plus)) = self.peek() {
            minus ^= *sign == Token::Minus;
            self.next += 1;
        }
        let atom = self.atom()?;
        if !minus {
            return Ok(start..atom.end);
        }
        // The sign of a number belongs to it.
        if let Some(Step { op: Op::Number(value), at }) = self.steps.last_mut()
            && *at == atom
        {
            *value = -*value;
            at.start = start;
            return Ok(start..atom.end);
        }
        Ok(self.step(Op::Negate, start..atom.end))
    }

    fn atom(&mut self) -> Result<Place, Flaw> {
        let at = self.here();
        let Some(token) = self.peek().cloned() else {
            let why = match self.lexemes.last() {
                Some(Lexeme { token: Token::Bar, .. }) => {
                    "the formula ends after a bar: an operand is missing"
                }
                _ => "the formula ends too early: an operand is missing",
            };
            return Err(Flaw::new(at, why));
        };
        self.next += 1;
        match token {
            Token::Number(value) => Ok(self.step(Op::Number(value), at)),
            Token::Quoted(name) => Ok(self.step(Op::Name(name), at)),
            Token::Word(word) if self.peek() == Some(&Token::Open) => self.call(&word, at),
            Token::Word(word) if word == ZERO => Ok(self.step(Op::Zero, at)),
            Token::Word(name) => Ok(self.step(Op::Name(name), at)),
            Token::Open => {
                self.deeper(&at)?;
                self.sum()?;
                let end = self.close(Token::Close, &at, "this bracket is never closed")?;
                // What is said of the operand is said of its brackets.
                if let Some(step) = self.steps.last_mut() {
                    step.at = at.start..end;
                }
                Ok(at.start..end)
            }
            Token::Bar => {
                self.deeper(&at)?;
                self.sum()?;
                let end = self.close(Token::Bar, &at, "this bar is never closed")?;
                Ok(self.step(Op::Call(Function::Abs, 1), at.start..end))
            }
            Token::Plus | Token::Minus | Token::Times | Token::Over => {
                Err(Flaw::new(at, "an operand is missing before this sign"))
            }
            Token::Close => Err(Flaw::new(at, "something is missing before this bracket")),
            Token::Comma => Err(Flaw::new(at, "something is missing before this comma")),
        }
    }

    fn call(&mut self, word: &str, at: Place) -> Result<Place, Flaw> {
        let Some(function) = Function::called(word) else {
            let names = Function::ALL.map(Function::name);
            let hint = match super::complete::nearest(word, names.map(|name| (name, name))) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", names.join(", ")),
            };
            let why = format!("there is no function {}; {hint}", shortened(word));
            return Err(Flaw::new(at, why));
        };
        let open = self.here();
        self.deeper(&open)?;
        self.next += 1;
        let mut count = 0;
        if self.peek() != Some(&Token::Close) {
            loop {
                self.sum()?;
                count += 1;
                if self.peek() != Some(&Token::Comma) {
                    break;
                }
                self.next += 1;
            }
        }
        let end = self.close(Token::Close, &open, "this bracket is never closed")?;
        if !function.arity().contains(&count) {
            let why = format!(
                "{} takes {}, and {} given",
                function.signature(),
                arguments(
                    *function.arity().start(),
                    function.arity().end() > function.arity().start()
                ),
                if count == 1 { "1 was".to_owned() } else { format!("{count} were") },
            );
            return Err(Flaw::new(at.start..end, why));
        }
        Ok(self.step(Op::Call(function, count), at.start..end))
    }

    /// Goes into a bracket that opens at `open`.
    fn deeper(&mut self, open: &Place) -> Result<(), Flaw> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let why = format!("brackets are nested more than {MAX_DEPTH} deep here");
            return Err(Flaw::new(open.clone(), why));
        }
        Ok(())
    }

    /// Leaves the bracket that opened at `open`; gives the place behind `token`.
    fn close(&mut self, token: Token, open: &Place, why: &str) -> Result<usize, Flaw> {
        let at = self.here();
        match self.peek() {
            Some(found) if *found == token => {
                self.next += 1;
                self.depth -= 1;
                Ok(at.end)
            }
            None => Err(Flaw::new(open.clone(), why)),
            Some(Token::Comma) => {
                Err(Flaw::new(at, "a comma only stands between the arguments of a function"))
            }
            Some(Token::Close) => Err(Flaw::new(at, "this bracket closes none")),
            Some(_) => Err(Flaw::new(at, "an operator is missing before this: + - * or /")),
        }
    }
}

fn arguments(count: usize, or_more: bool) -> String {
    format!(
        "{}{count} argument{}",
        if or_more { "at least " } else { "" },
        if count == 1 { "" } else { "s" }
    )
}
