//! Which of a file's tensors are the generator: the state dict may lie inside other dictionaries, beside
//! a discriminator and optimisers, twice where an average was kept, and behind the prefixes of
//! `DataParallel` and Lightning.

use std::collections::BTreeMap;

use super::fold::{self, Origin};
use super::recognise::{self, Named, Nearest, Recognised};
use super::tensors::Tensors;

/// Places that are tried: far more than any checkpoint has.
const MAX_PLACES: usize = 200;
/// Groups that are told one by one.
const MAX_TOLD: usize = 8;

/// A generator in a file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::checkpoint) struct Part {
    pub recognised: Recognised,
    /// Where it stands, `g_ema`; empty where it is all of the file.
    pub place: String,
    /// What else is there: a sentence for each group.
    pub beside: Vec<String>,
}

/// What a part of a name says about what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// An average of weights, which draws better pictures.
    Average,
    Generator,
    /// Whatever everybody has: `state_dict`, `module`.
    Wrapper,
    /// Another network, or no network.
    Other,
    Unknown,
}

/// What the part `name` says, at `depth` parts from the root.
fn word(name: &str, depth: usize) -> Word {
    const AVERAGE: [&str; 8] =
        ["ema", "avg", "average", "averaged", "smooth", "smoothed", "shadow", "gs"];
    const GENERATOR: [&str; 5] = ["g", "gen", "gnet", "decoder", "dec"];
    const WRAPPER: [&str; 9] =
        ["state", "dict", "model", "module", "net", "network", "params", "weights", "orig"];
    const OTHER: [&str; 7] = ["d", "critic", "encoder", "enc", "scheduler", "exp", "grad"];
    let lower = name.to_ascii_lowercase();
    let parts = || lower.split(['_', '-', ' ']).filter(|part| !part.is_empty());
    let starts = |with: &[&str]| parts().any(|part| with.iter().any(|w| part.starts_with(w)));
    let is = |of: &[&str]| parts().any(|part| of.contains(&part));
    if is(&OTHER) || starts(&["disc", "netd", "optim", "opt", "modeld", "moment"]) {
        Word::Other
    } else if is(&AVERAGE) {
        Word::Average
    } else if is(&GENERATOR) || starts(&["netg", "generator", "modelg"]) {
        Word::Generator
    } else if parts().all(|part| WRAPPER.contains(&part) || part == "mod") {
        Word::Wrapper
    } else if depth == 0 && lower.parse::<usize>().is_ok() {
        // `torch.save((generator, discriminator), …)`.
        Word::Wrapper
    } else {
        Word::Unknown
    }
}

/// A place where a state dict may begin.
struct Place {
    prefix: String,
    average: bool,
    generator: bool,
}

/// The generator among `tensors`.
///
/// # Errors
/// The kind that comes nearest to what is there.
pub(in crate::checkpoint) fn generator(tensors: &Tensors) -> Result<Part, Nearest> {
    let mut nearest: Option<(bool, Nearest)> = None;
    let mut best: Option<(Place, Recognised)> = None;
    let mut others = Vec::new();
    let mut waiting = vec![Place { prefix: String::new(), average: false, generator: false }];
    let mut tried = 0;
    while !waiting.is_empty() && tried < MAX_PLACES {
        let mut below = Vec::new();
        for mut place in waiting {
            tried += 1;
            let names = within_shells(tensors, &mut place);
            match recognise::recognise(&names, &tensors.modules, &place.prefix) {
                Ok(found) => {
                    let rank = |place: &Place| (place.average, place.generator);
                    match &best {
                        Some((other, _)) if rank(other) >= rank(&place) => {
                            others.push(place.prefix)
                        }
                        _ => best = Some((place, found)),
                    }
                }
                Err(near) => {
                    below.extend(children(&names, &place));
                    let likelier = nearest.as_ref().is_none_or(|(generator, best)| {
                        (place.generator, near.layers) > (*generator, best.layers)
                    });
                    if likelier {
                        nearest = Some((place.generator, near));
                    }
                }
            }
        }
        waiting = below;
    }
    match (best, nearest) {
        (Some((place, recognised)), _) => {
            let beside = beside(tensors, &place.prefix);
            Ok(Part { recognised, place: place.prefix.trim_end_matches('.').to_owned(), beside })
        }
        (None, Some((_, nearest))) => Err(nearest),
        (None, None) => Err(Nearest {
            kind: "DCGAN generator".into(),
            layers: 0,
            departs: "the file holds no tensors".into(),
        }),
    }
}

/// The tensors whose names begin with `prefix`, without it. Counters of batches tell nothing.
fn inside(tensors: &Tensors, prefix: &str) -> Vec<Named> {
    let named = |(index, tensor): (usize, &super::tensors::Tensor)| {
        let name = tensor.name.strip_prefix(prefix)?;
        let told = tensor.element.is_float() && !name.ends_with("num_batches_tracked");
        let from = Origin::Plain(index);
        told.then(|| Named { name: name.to_owned(), shape: tensor.shape.clone(), from })
    };
    tensors.list.iter().enumerate().filter_map(named).collect()
}

/// The tensors at `place`, out of the shells that `DataParallel` and `torch.compile` put around a module.
fn within_shells(tensors: &Tensors, place: &mut Place) -> Vec<Named> {
    let mut names = inside(tensors, &place.prefix);
    let shell = |names: &[Named]| {
        let around = |shell: &&str| names.iter().all(|named| named.name.starts_with(*shell));
        ["module.", "_orig_mod."].into_iter().find(around)
    };
    while let Some(shell) = shell(&names).filter(|_| !names.is_empty()) {
        place.prefix.push_str(shell);
        names = inside(tensors, &place.prefix);
    }
    fold::folded(names)
}

/// The places below `place` where something may begin.
fn children(names: &[Named], place: &Place) -> Vec<Place> {
    let mut parts: Vec<&str> = Vec::new();
    for Named { name, .. } in names {
        if let Some((part, _)) = name.split_once('.')
            && !parts.contains(&part)
            && parts.len() < MAX_PLACES
        {
            parts.push(part);
        }
    }
    let depth = place.prefix.matches('.').count();
    // A network of several parts, one of which happens to be called `model`, is not that part.
    let others = names.iter().any(|named| {
        let part = named.name.split('.').next().unwrap_or_default();
        named.name.ends_with(".weight") && word(part, depth) == Word::Unknown
    });
    let child = |part: &str| {
        let word = word(part, depth);
        let average = place.average || word == Word::Average;
        let generator = place.generator || word == Word::Generator;
        let goes = match word {
            Word::Wrapper => !others,
            Word::Average | Word::Generator => true,
            Word::Other | Word::Unknown => false,
        };
        goes.then(|| Place { prefix: format!("{}{part}.", place.prefix), average, generator })
    };
    parts.into_iter().filter_map(child).collect()
}

/// What stands beside `prefix`, by its place.
fn beside(tensors: &Tensors, prefix: &str) -> Vec<String> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for tensor in tensors.list.iter().filter(|tensor| !tensor.name.starts_with(prefix)) {
        let common = tensor.name.split('.').zip(prefix.split('.')).take_while(|(a, b)| a == b);
        let depth = common.count() + 1;
        let group: Vec<_> = tensor.name.split('.').take(depth).collect();
        *groups.entry(group.join(".")).or_default() += 1;
    }
    let more = groups.len().saturating_sub(MAX_TOLD);
    let mut told: Vec<_> = groups
        .into_iter()
        .take(MAX_TOLD)
        .map(|(group, count)| {
            let tensors = if count == 1 { "tensor" } else { "tensors" };
            format!("{group} ({count} {tensors}) was left out")
        })
        .collect();
    if more > 0 {
        told.push(format!("{more} other groups of tensors were left out"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_is_below_them() {
        for (name, says) in [
            ("g_ema", Word::Average),
            ("params_ema", Word::Average),
            ("netG", Word::Generator),
            ("netG_A2B", Word::Generator),
            ("G", Word::Generator),
            ("generator_state_dict", Word::Generator),
            ("model_state_dict", Word::Wrapper),
            ("_orig_mod", Word::Wrapper),
            ("module", Word::Wrapper),
            ("D", Word::Other),
            ("netD", Word::Other),
            ("optimizer_G", Word::Other),
            ("optimizerG_state_dict", Word::Other),
            ("exp_avg", Word::Other),
            ("main", Word::Unknown),
            ("style", Word::Unknown),
        ] {
            assert_eq!(word(name, 1), says, "{name}");
        }
        assert_eq!((word("0", 0), word("0", 1)), (Word::Wrapper, Word::Unknown));
    }
}
