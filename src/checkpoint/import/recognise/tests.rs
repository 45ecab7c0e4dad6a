use super::*;
use crate::model::{Ends, Stack, StackKernel, StackNormKind};

/// `name a b …`: a tensor a line; `bn name n` a batch norm of n channels.
fn tensors(lines: &str) -> Vec<Named> {
    let mut all = Vec::new();
    let mut add = |name: String, shape: &[usize]| {
        all.push(Named { name, shape: shape.to_vec(), from: Origin::Plain(0) });
    };
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        if name == "bn" {
            let (name, channels) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
            for part in ["weight", "bias", "running_mean", "running_var"] {
                add(format!("{name}.{part}"), &[channels]);
            }
        } else {
            let shape: Vec<_> = words.map(|word| word.parse().unwrap()).collect();
            add(name.to_owned(), &shape);
        }
    }
    for (index, tensor) in all.iter_mut().enumerate() {
        tensor.from = Origin::Plain(index);
    }
    all
}

fn found(lines: &str) -> Recognised {
    recognise(&tensors(lines), &[], "").unwrap_or_else(|nearest| panic!("{nearest:?}"))
}

fn nearest(lines: &str) -> Nearest {
    match recognise(&tensors(lines), &[], "") {
        Err(nearest) => nearest,
        Ok(found) => panic!("{}", found.spec.summary()),
    }
}

fn stack(lines: &str) -> Stack {
    match found(lines).spec.network {
        Network::Stack(stack) => stack,
        other => panic!("{other:?}"),
    }
}

const TUTORIAL: &str = "
    main.0.weight 100 512 4 4
    bn main.1 512
    main.3.weight 512 256 4 4
    bn main.4 256
    main.6.weight 256 128 4 4
    bn main.7 128
    main.9.weight 128 64 4 4
    bn main.10 64
    main.12.weight 64 3 4 4";

const UDACITY: &str = "
    fc.weight 2048 100
    fc.bias 2048
    t_conv1.0.weight 128 64 4 4
    bn t_conv1.1 64
    t_conv2.0.weight 64 32 4 4
    bn t_conv2.1 32
    t_conv3.0.weight 32 3 4 4";

#[test]
fn the_published_ones_are_known_whatever_their_layers_are_called() {
    let preset = crate::model::Preset::Dcgan64.spec();
    let names = |lines: &str| lines.replace("main.", "layers_of_mine.seq");
    for lines in [TUTORIAL.to_owned(), names(TUTORIAL)] {
        let found = found(&lines);
        let Network::Dcgan(dcgan) = &found.spec.network else { panic!("{:?}", found.spec) };
        let Network::Dcgan(expected) = &preset.network else { panic!("{preset:?}") };
        assert_eq!(dcgan.generator_widths(), expected.generator_widths());
        assert_eq!((dcgan.resolution, dcgan.channels, dcgan.ends), (64, 3, Ends::Conv));
        assert_eq!(found.tensors[0].0, "main.0.weight");
        // Latents, activations and eps are not in the file.
        assert_eq!(found.assumed.len(), 5, "{:?}", found.assumed);
    }
    let udacity = found(UDACITY);
    assert_eq!(udacity.spec.prior, Prior::Uniform);
    assert!(matches!(&udacity.spec.network, Network::Dcgan(d) if d.ends == Ends::Linear));
    let other = found(&UDACITY.replace("t_conv", "up"));
    assert_eq!(other.spec.prior, Prior::Normal);
    assert!(matches!(&other.spec.network, Network::Dcgan(d) if d.ends == Ends::Linear));
    let constant = found(
        "a.weight 10 32 4 4
         bn an 32
         b.weight 32 32 4 4
         bn bn 32
         c.weight 32 16 4 4
         bn cn 16
         d.weight 16 1 4 4",
    );
    let Network::Dcgan(constant) = constant.spec.network else { panic!("{constant:?}") };
    assert_eq!(constant.generator_widths(), [32, 32, 16]);
}

#[test]
fn windows_of_every_size_lead_to_a_picture() {
    let cases = [
        // Windows of 5 that double, of 3 that double, of 2, of 6, of 3 that keep the size at the end.
        ("a.weight 9 8 4 4\nb.weight 8 8 5 5\nc.weight 8 3 5 5", 16),
        ("a.weight 9 8 4 4\nb.weight 8 8 3 3\nc.weight 8 3 3 3", 16),
        ("a.weight 9 8 4 4\nb.weight 8 8 2 2\nc.weight 8 3 2 2", 16),
        ("a.weight 9 8 4 4\nb.weight 8 8 6 6\nc.weight 8 3 6 6", 16),
        ("a.weight 9 8 7 7\nb.weight 8 8 4 4\nc.weight 8 1 4 4", 28),
        // MNIST: 4 to 7 by a window of 3 that does not quite double.
        ("a.weight 9 8 4 4\nb.weight 8 8 3 3\nc.weight 8 8 4 4\nd.weight 8 1 4 4", 32),
        ("a.weight 9 8 7 7\nb.weight 8 8 5 5\nc.weight 8 8 4 4\nd.weight 8 1 4 4", 28),
        // A convolution that keeps the size at the end.
        ("a.weight 9 8 4 4\nb.weight 8 4 4 4\nc.weight 3 4 3 3", 8),
        // From a linear layer to grids of several sizes.
        ("a.weight 32 5\nb.weight 8 1 4 4", 4),
        ("a.weight 392 5\na.bias 392\nb.weight 8 4 4 4\nc.weight 4 1 4 4", 28),
    ];
    for (lines, side) in cases {
        let stack = stack(lines);
        assert_eq!(stack.size, (side, side), "{lines}\n{stack:?}");
    }
}

/// Pixels repeated before convolutions: where, tell the numbers of the layers, or nothing.
#[test]
fn convolutions_that_keep_the_size_are_told_from_others() {
    let sides = |lines: &str| stack(lines).size.0;
    assert_eq!(
        sides("fc.weight 128 5\nc1.weight 8 8 3 3\nc2.weight 4 8 3 3\nc3.weight 3 4 3 3"),
        16
    );
    let numbered = "fc.weight 128 5\nc.1.weight 8 8 3 3\nc.4.weight 4 8 3 3\nc.6.weight 3 4 3 3";
    assert_eq!(sides(numbered), 16);
    assert_eq!(sides(&numbered.replace("c.6", "c.7")), 32);
    // Here the other way round fits only.
    assert_eq!(
        sides("fc.weight 128 5\nc1.weight 8 8 3 3\nc2.weight 8 4 3 3\nc3.weight 4 3 3 3"),
        32
    );
    // From a single pixel nothing is repeated.
    nearest("a.weight 9 8 4 4\nb.weight 4 8 3 3\nc.weight 3 4 3 3");
}

#[test]
fn biases_norms_and_grids_are_told_by_the_file() {
    let net = stack(
        "project.weight 96 7
         project.bias 96
         bn flat 96
         up.weight 6 4 5 5
         up.bias 4
         out.weight 4 3 5 5",
    );
    let norm = net.layers[0].norm.as_ref().unwrap();
    assert!(!norm.over_grid && net.layers[0].bias && net.layers[1].bias && !net.layers[2].bias);
    let StackKernel::Linear { channels: 6, grid: (4, 4) } = net.layers[0].kernel else {
        panic!("{net:?}")
    };
    assert!(net.layers[1].norm.is_none());
    // MLPs with other layers than the published ones.
    let mlp = stack("0.weight 20 10\n2.weight 48 20\n2.bias 48");
    assert_eq!((mlp.size, mlp.channels), ((4, 4), 3));
    let mlp = found("0.weight 20 10\n0.bias 20\n2.weight 64 20\n2.bias 64").spec;
    assert!(matches!(mlp.network, Network::Mlp(_)), "{mlp:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 400, failure_persistence: None, ..Default::default()
    })]

    /// Whatever tensors there are, they are something sound or nothing.
    #[test]
    fn any_tensors_are_recognised_or_not(
        rows in proptest::collection::vec((0..6usize, 0..5usize, 0..8usize, 0..8usize, 0..4usize), 0..9),
    ) {
        const NAMES: [&str; 6] = ["a", "m.0", "m.3", "c.18446744073709551615", "model.0", "conv_blocks.2"];
        const DIMS: [usize; 8] = [0, 1, 3, 4, 16, 64, 784, usize::MAX];
        let mut all = Vec::new();
        for (index, (name, part, first, second, kernel)) in rows.into_iter().enumerate() {
            let (first, second, side) = (DIMS[first], DIMS[second], [2, 3, 4, 5][kernel]);
            let (part, shape) = match part {
                0 => ("weight", vec![first, second]),
                1 => ("weight", vec![first, second, side, side]),
                2 => ("bias", vec![first]),
                3 => ("running_mean", vec![first]),
                _ => ("running_var", vec![first]),
            };
            let from = Origin::Plain(index);
            all.push(Named { name: format!("{}.{part}", NAMES[name]), shape, from });
        }
        if let Ok(found) = recognise(&all, &[], "") {
            found.spec.validate().unwrap();
            assert_eq!(found.tensors.len(), found.spec.generator_shapes().unwrap().len());
        }
    }
}

#[test]
fn what_departs_is_named() {
    let cases = [
        ("main.0.weight 100 512 4 4\nmain.3.weight 256 128 4 4", 1, "256 channels, or 128 if"),
        ("main.0.weight 100 512 4 4\nmain.3.weight 512 64 4 4", 2, "64 channels come out"),
        ("a.weight 50 10\nb.weight 50 50", 2, "50 numbers come out"),
        (
            "emb.weight 10 10\nmodel.0.weight 128 110\nmodel.2.weight 784 128",
            1,
            "takes 110 numbers",
        ),
        ("main.0.weight_orig 9 8 4 4\nmain.0.weight_u 8", 0, "main.0 has spectral norm"),
        ("main.0.weight 9 8 4 4\nmain.1.weight 8\nmain.1.bias 8\n", 1, "8 channels come out"),
        ("main.0.weight 9 8 4 4\nmain.1.weight 8\n", 0, "without a bias"),
        ("x.lonely 4 4", 0, "x.lonely of shape [4, 4]"),
        ("c.weight 8 8 4 4 4", 0, "c.weight of shape [8, 8, 4, 4, 4]"),
        ("c.weight 8 8 3 5", 0, "c.weight of shape [8, 8, 3, 5]"),
    ];
    for (lines, layers, says) in cases {
        let nearest = nearest(lines);
        assert!(nearest.departs.contains(says), "{lines}: {nearest:?}");
        assert_eq!(nearest.layers, layers, "{lines}: {nearest:?}");
    }
    // A discriminator is no generator backwards, in whatever order its layers come.
    nearest(
        "main.5.weight 1 16 4 4
         main.2.weight 16 8 4 4
         bn main.3 16
         main.0.weight 8 3 4 4",
    );
    let unet = nearest("model.model.0.weight 8 3 4 4\nmodel.model.3.weight 16 3 4 4");
    assert!(unet.kind.contains("U-Net") || unet.kind.contains("DCGAN"), "{unet:?}");
}

/// What only a whole module tells: groups, and norms that leave no trace among the tensors.
#[test]
fn modules_tell_of_norms() {
    let lines = "0.weight 9 8 4 4\n0n.weight 8\n0n.bias 8\n1.weight 8 3 4 4";
    let module = |name: &str, class: &str, groups: &[f64]| {
        let numbers = [("num_groups".to_owned(), groups.to_vec())].into();
        (
            name.to_owned(),
            Module { class: format!("torch.nn.modules.normalization.{class}"), numbers },
        )
    };
    let of = |modules: &[(String, Module)]| recognise(&tensors(lines), modules, "");
    let kind = |modules: &[(String, Module)]| match of(modules).unwrap().spec.network {
        Network::Stack(stack) => stack.layers[0].norm.clone().unwrap().kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&[]), StackNormKind::Instance);
    assert_eq!(kind(&[module("0n", "GroupNorm", &[4.0])]), StackNormKind::Group(4));
    assert_eq!(kind(&[module("0n", "InstanceNorm2d", &[])]), StackNormKind::Instance);
    for (modules, says) in [
        (vec![module("0n", "GroupNorm", &[3.0])], "in such groups"),
        (vec![module("0n", "BatchNorm2d", &[])], "keeps no statistics"),
        (vec![module("m", "InstanceNorm2d", &[])], "m normalises each picture without weights"),
    ] {
        let departs = of(&modules).unwrap_err().departs;
        assert!(departs.contains(says), "{departs}");
    }
}
