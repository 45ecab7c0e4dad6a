//! The kernels against their definitions, against candle's own operations, against finite
//! differences, and against their composed forms.

use super::*;
use crate::ops::composed;
use candle_core::{Device, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One convolution, plain or transposed.
#[derive(Clone, Copy, Debug)]
struct Case {
    transposed: bool,
    batch: usize,
    channels: (usize, usize),
    size: (usize, usize),
    kernel: (usize, usize),
    geometry: ConvGeometry,
    extra: (usize, usize),
}

impl Case {
    fn x_dims(&self) -> [usize; 4] {
        [self.batch, self.channels.0, self.size.0, self.size.1]
    }

    fn w_dims(&self) -> [usize; 4] {
        let (input, output) = self.channels;
        let (first, second) = if self.transposed { (input, output) } else { (output, input) };
        [first, second, self.kernel.0, self.kernel.1]
    }

    fn run(&self, x: &Tensor, w: &Tensor) -> Tensor {
        let x = last(x);
        first(&if self.transposed {
            conv_transpose2d(&x, w, self.geometry, self.extra).unwrap()
        } else {
            conv2d(&x, w, self.geometry).unwrap()
        })
    }

    fn run_composed(&self, x: &Tensor, w: &Tensor) -> Tensor {
        let x = last(x);
        first(&if self.transposed {
            let shape =
                ConvShape::of_transposed(x.dims(), w.dims(), self.geometry, self.extra).unwrap();
            composed::conv_transpose2d(&x, w, &shape).unwrap()
        } else {
            let shape = ConvShape::of_conv(x.dims(), w.dims(), self.geometry).unwrap();
            composed::conv2d(&x, w, &shape).unwrap()
        })
    }
}

/// `[B, C, H, W]`, in which the expected values are written, as `[B, H, W, C]`.
fn last(x: &Tensor) -> Tensor {
    x.permute((0, 2, 3, 1)).unwrap()
}

/// The reverse of [`last`].
fn first(x: &Tensor) -> Tensor {
    x.permute((0, 3, 1, 2)).unwrap()
}

/// Geometries of every kind: each row is run plain and transposed.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (batch, channels, size, kernel, stride, padding, extra) in [
        (2, (3, 4), (8, 8), (4, 4), (2, 2), (1, 1), (0, 0)),
        (3, (2, 5), (5, 7), (4, 4), (2, 2), (1, 1), (1, 0)),
        (1, (4, 3), (6, 4), (3, 5), (2, 1), (1, 2), (1, 0)),
        (2, (3, 2), (7, 6), (3, 3), (1, 1), (1, 1), (0, 0)),
        (2, (2, 3), (9, 11), (5, 3), (3, 2), (2, 0), (2, 1)),
        (4, (5, 2), (4, 4), (4, 4), (1, 1), (0, 0), (0, 0)),
        (3, (6, 5), (1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
        (2, (2, 2), (5, 5), (2, 2), (3, 3), (0, 0), (2, 2)),
        (2, (2, 2), (3, 4), (5, 5), (2, 2), (4, 4), (1, 1)),
        (1, (3, 3), (40, 33), (4, 4), (2, 2), (1, 1), (0, 1)),
        (70, (2, 3), (4, 4), (4, 4), (2, 2), (1, 1), (0, 0)),
        // Fewer windows than channels, either way round, and with more of them than a panel or a task
        // takes.
        (1, (3, 40), (6, 5), (3, 3), (2, 2), (1, 1), (0, 0)),
        (1, (40, 3), (3, 3), (3, 2), (2, 1), (1, 0), (0, 0)),
        (3, (24, 25), (1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
        (2, (5, 24), (4, 4), (4, 4), (1, 1), (0, 0), (0, 0)),
        (1, (40, 80), (12, 12), (4, 4), (2, 2), (1, 1), (0, 0)),
        (2, (80, 40), (4, 5), (4, 4), (2, 2), (1, 1), (0, 0)),
        // Channels in sixteens and enough of them for the fast kernels, either way round.
        (9, (16, 48), (16, 24), (4, 4), (2, 2), (1, 1), (0, 0)),
        (20, (64, 16), (8, 8), (4, 4), (2, 2), (1, 1), (0, 0)),
        (66, (32, 32), (4, 4), (4, 4), (2, 2), (1, 1), (0, 0)),
    ] {
        for transposed in [false, true] {
            let geometry = ConvGeometry { stride, padding };
            let extra = if transposed { extra } else { (0, 0) };
            cases.push(Case { transposed, batch, channels, size, kernel, geometry, extra });
        }
    }
    // A generator's first layer: one pixel to a whole picture.
    cases.push(Case {
        transposed: true,
        batch: 3,
        channels: (7, 4),
        size: (1, 1),
        kernel: (4, 4),
        geometry: ConvGeometry::new(1, 0),
        extra: (0, 0),
    });
    cases
}

fn random(dims: &[usize], rng: &mut ChaCha8Rng) -> Tensor {
    init::uniform(dims, -1.0, 1.0, rng, &Device::Cpu).unwrap()
}

fn data(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Same shape, and no value further off than `tolerance` of the largest.
fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f32, what: &str) {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let (got, expected) = (data(got), data(expected));
    let size = expected.iter().fold(1e-3f32, |size, value| size.max(value.abs()));
    for (got, expected) in got.iter().zip(&expected) {
        assert!((got - expected).abs() <= tolerance * size, "{what}: {got} is not {expected}");
    }
}

/// The gradients of `sum(y · grad)`.
fn gradients(y: &Tensor, grad: &Tensor, variables: &[&Var]) -> Vec<Tensor> {
    let gradients = y.mul(grad).unwrap().sum_all().unwrap().backward().unwrap();
    variables.iter().map(|variable| gradients.get(variable).unwrap().clone()).collect()
}

/// (Transposed) convolution written down as a sum over every pair of pixels.
fn by_definition(case: &Case, x: &Tensor, w: &Tensor, out: &[usize]) -> Tensor {
    let (xs, ws) = (data(x), data(w));
    let (sh, sw) = case.geometry.stride;
    let (ph, pw) = case.geometry.padding;
    let (height, width) = case.size;
    let (kh, kw) = case.kernel;
    let mut y = vec![0.0f64; out.iter().product()];
    for b in 0..case.batch {
        for ci in 0..case.channels.0 {
            for co in 0..case.channels.1 {
                for ky in 0..kh {
                    for kx in 0..kw {
                        let w_index = if case.transposed {
                            ((ci * case.channels.1 + co) * kh + ky) * kw + kx
                        } else {
                            ((co * case.channels.0 + ci) * kh + ky) * kw + kx
                        };
                        let weight = f64::from(ws[w_index]);
                        let (small, large) = if case.transposed {
                            ((height, width), (out[2], out[3]))
                        } else {
                            ((out[2], out[3]), (height, width))
                        };
                        for sy in 0..small.0 {
                            for sx in 0..small.1 {
                                let (ly, lx) = (sy * sh + ky, sx * sw + kx);
                                if ly < ph || lx < pw || ly - ph >= large.0 || lx - pw >= large.1 {
                                    continue;
                                }
                                let (ly, lx) = (ly - ph, lx - pw);
                                let at = |c: usize, channels: usize, size: (usize, usize), y, x| {
                                    ((b * channels + c) * size.0 + y) * size.1 + x
                                };
                                let (from, to) = if case.transposed {
                                    (
                                        at(ci, case.channels.0, small, sy, sx),
                                        at(co, case.channels.1, large, ly, lx),
                                    )
                                } else {
                                    (
                                        at(ci, case.channels.0, large, ly, lx),
                                        at(co, case.channels.1, small, sy, sx),
                                    )
                                };
                                y[to] += weight * f64::from(xs[from]);
                            }
                        }
                    }
                }
            }
        }
    }
    let y: Vec<f32> = y.into_iter().map(|value| value as f32).collect();
    Tensor::from_vec(y, out, &Device::Cpu).unwrap()
}

#[test]
fn convolutions_match_their_definition() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    for case in cases() {
        let (x, w) = (random(&case.x_dims(), rng), random(&case.w_dims(), rng));
        let y = case.run(&x, &w);
        let expected = by_definition(&case, &x, &w, y.dims());
        assert_close(&y, &expected, 1e-5, &format!("{case:?}"));
    }
}

#[test]
fn convolutions_match_candle() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let mut compared = 0;
    for case in cases() {
        let ConvGeometry { stride, padding } = case.geometry;
        if stride.0 != stride.1 || padding.0 != padding.1 || case.extra.0 != case.extra.1 {
            continue;
        }
        let (x, w) = (random(&case.x_dims(), rng), random(&case.w_dims(), rng));
        let expected = if case.transposed {
            x.conv_transpose2d(&w, padding.0, case.extra.0, stride.0, 1).unwrap()
        } else {
            x.conv2d(&w, padding.0, stride.0, 1, 1).unwrap()
        };
        assert_close(&case.run(&x, &w), &expected, 1e-5, &format!("{case:?}"));
        compared += 1;
    }
    assert!(compared > 10);
}

#[test]
fn convolution_gradients_match_finite_differences() {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    for case in cases().into_iter().filter(|case| case.batch < 10 && case.size.0 < 20) {
        let x = Var::from_tensor(&random(&case.x_dims(), rng)).unwrap();
        let w = Var::from_tensor(&random(&case.w_dims(), rng)).unwrap();
        let y = case.run(&x, &w);
        let grad = random(y.dims(), rng);
        for (which, gradient) in gradients(&y, &grad, &[&x, &w]).iter().enumerate() {
            let point = if which == 0 { x.as_detached_tensor() } else { w.as_detached_tensor() };
            // The loss is linear in each argument: a large step has no truncation error.
            let direction = random(point.dims(), rng);
            let loss = |sign: f64| {
                let moved = (&point + (&direction * sign).unwrap()).unwrap();
                let (x, w) = (x.as_detached_tensor(), w.as_detached_tensor());
                let y = if which == 0 { case.run(&moved, &w) } else { case.run(&x, &moved) };
                data(&y).iter().zip(data(&grad)).map(|(y, g)| f64::from(y * g)).sum::<f64>()
            };
            let numeric = (loss(1.0) - loss(-1.0)) / 2.0;
            let pairs = data(gradient).into_iter().zip(data(&direction));
            let analytic: f64 = pairs.map(|(g, d)| f64::from(g) * f64::from(d)).sum();
            let size = data(gradient).iter().map(|g| f64::from(g.abs())).sum::<f64>();
            assert!((numeric - analytic).abs() < 1e-5 * size, "{case:?}: {numeric} {analytic}");
        }
    }
}

#[test]
fn composed_convolutions_are_the_same() {
    let rng = &mut ChaCha8Rng::seed_from_u64(4);
    for case in cases() {
        let x = Var::from_tensor(&random(&case.x_dims(), rng)).unwrap();
        let w = Var::from_tensor(&random(&case.w_dims(), rng)).unwrap();
        let (y, other) = (case.run(&x, &w), case.run_composed(&x, &w));
        assert_close(&other, &y, 1e-5, &format!("{case:?}"));
        let grad = random(y.dims(), rng);
        let pairs = gradients(&y, &grad, &[&x, &w]).into_iter();
        for (kernel, composed) in pairs.zip(gradients(&other, &grad, &[&x, &w])) {
            assert_close(&composed, &kernel, 1e-5, &format!("gradient of {case:?}"));
        }
    }
}

#[test]
fn prepared_convolutions_are_the_same() {
    let rng = &mut ChaCha8Rng::seed_from_u64(10);
    for (case, activation) in cases().into_iter().zip(ACTIVATIONS.into_iter().cycle()) {
        if case.extra != (0, 0) {
            continue;
        }
        let (x, w) = (last(&random(&case.x_dims(), rng)), random(&case.w_dims(), rng));
        let [scale, shift] = [1, 2].map(|_| random(&[case.channels.1], rng));
        let y = last(&case.run(&first(&x), &w));
        for (scale, shift) in [(Some(&scale), Some(&shift)), (None, Some(&shift)), (None, None)] {
            let constants = (scale, shift);
            let Case { transposed, geometry, .. } = case;
            let prepared =
                PreparedConv::new(&w, geometry, transposed, constants, activation).unwrap();
            let expected = scale_shift(&y, scale, shift, activation).unwrap();
            assert_close(&prepared.forward(&x).unwrap(), &expected, 1e-5, &format!("{case:?}"));
        }
    }
}

const ACTIVATIONS: [Activation; 6] = [
    Activation::Linear,
    Activation::Relu,
    Activation::LeakyRelu(0.2),
    Activation::LeakyRelu(-0.5),
    Activation::Tanh,
    Activation::Sigmoid,
];

#[test]
fn composed_norms_and_activations_are_the_same() {
    compare_with_composed(&ACTIVATIONS, 5);
    compare_with_composed(&[Activation::Elu, Activation::Selu], 6);
}

fn compare_with_composed(activations: &[Activation], seed: u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    for dims in [vec![5, 70], vec![3, 6, 7, 4], vec![1, 40, 41, 2], vec![64, 1, 1, 3]] {
        let channels = dims[dims.len() - 1];
        for &activation in activations {
            let what = format!("{activation:?} of {dims:?}");
            let x = Var::from_tensor(&random(&dims, rng)).unwrap();
            let [scale, shift] =
                [1, 2].map(|_| Var::from_tensor(&random(&[channels], rng)).unwrap());
            let grad = random(&dims, rng);
            let variables = [&x, &scale, &shift];
            let compare = |kernel: &Tensor, composed: &Tensor, variables: &[&Var], what: &str| {
                assert_close(composed, kernel, 1e-5, what);
                let kernels = gradients(kernel, &grad, variables).into_iter();
                for (kernel, composed) in kernels.zip(gradients(composed, &grad, variables)) {
                    assert_close(&composed, &kernel, 5e-5, &format!("gradient of {what}"));
                }
            };
            let kernel = activate(&x, activation).unwrap();
            compare(&kernel, &composed::activate(&x, activation).unwrap(), &[&x], &what);

            let kernel = scale_shift(&x, Some(&scale), Some(&shift), activation).unwrap();
            let other = composed::scale_shift(&x, &scale, &shift, activation).unwrap();
            compare(&kernel, &other, &variables, &format!("scale and shift, {what}"));

            if dims.iter().product::<usize>() / channels < 2 {
                continue;
            }
            let (kernel, stats) = batch_norm(&x, &scale, &shift, 1e-5, activation).unwrap();
            let (other, mean, variance) =
                composed::batch_norm(&x, &scale, &shift, 1e-5, activation).unwrap();
            compare(&kernel, &other, &variables, &format!("batch norm, {what}"));
            assert_close(&mean, &stats.mean, 1e-5, &what);
            let count = (dims.iter().product::<usize>() / channels) as f64;
            let variance = (variance * (count / (count - 1.0))).unwrap();
            assert_close(&variance, &stats.var_unbiased, 1e-5, &what);
        }
    }
}

#[test]
fn a_bias_alone_has_its_gradient() {
    let rng = &mut ChaCha8Rng::seed_from_u64(6);
    let x = Var::from_tensor(&random(&[2, 4, 5, 3], rng)).unwrap();
    let bias = Var::from_tensor(&random(&[3], rng)).unwrap();
    let y = scale_shift(&x, None, Some(&bias), Activation::Linear).unwrap();
    let expected = x.broadcast_add(&bias).unwrap();
    assert_eq!(data(&y), data(&expected));
    let grad = random(y.dims(), rng);
    let found = gradients(&y, &grad, &[&x, &bias]);
    assert_close(&found[0], &grad, 0.0, "dx");
    assert_close(&found[1], &grad.sum((0, 1, 2)).unwrap(), 1e-6, "dbias");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let geometry = ConvGeometry::new(2, 1);
    // Small and large layers: every way of splitting the work.
    for (batch, channels, size) in
        [(1, (24, 40), 64), (7, (3, 8), 32), (33, (64, 80), 8), (64, (3, 16), 16), (3, (64, 72), 4)]
    {
        let x = random(&[batch, size, size, channels.0], rng);
        let w = random(&[channels.1, channels.0, 4, 4], rng);
        let scale = random(&[channels.1], rng);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (x, w) = (Var::from_tensor(&x).unwrap(), Var::from_tensor(&w).unwrap());
                let y = conv2d(&x, &w, geometry).unwrap();
                let (y, _) = batch_norm(&y, &scale, &scale, 1e-5, Activation::Relu).unwrap();
                let y = conv_transpose2d(&y, &w, geometry, (0, 0)).unwrap();
                let mut results = gradients(&y, &y.detach(), &[&x, &w]);
                results.push(y);
                results.iter().map(data).collect::<Vec<_>>()
            })
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(one == run(threads), "{threads} threads, batch {batch}");
        }
    }
}

#[test]
fn frozen_arguments_get_no_gradient() {
    let rng = &mut ChaCha8Rng::seed_from_u64(8);
    let x = random(&[2, 8, 8, 3], rng);
    let w = Var::from_tensor(&random(&[4, 3, 4, 4], rng)).unwrap();
    let y = conv2d(&x, &w, ConvGeometry::new(2, 1)).unwrap();
    let gradients = y.sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&w).is_some());
    assert!(gradients.get(&x).is_none());
}

#[test]
fn strided_views_are_fine() {
    let rng = &mut ChaCha8Rng::seed_from_u64(9);
    let x = Var::from_tensor(&random(&[3, 6, 2, 8], rng)).unwrap();
    let w = random(&[3, 4, 4, 2], rng).transpose(0, 1).unwrap().transpose(1, 3).unwrap();
    let x = x.transpose(0, 2).unwrap();
    let w = w.narrow(0, 1, 3).unwrap();
    let w = w.narrow(1, 0, 2).unwrap().pad_with_zeros(1, 0, 6).unwrap();
    let got = conv2d(&x, &w, ConvGeometry::new(2, 1)).unwrap();
    let copy = |t: &Tensor| t.copy().unwrap().force_contiguous().unwrap();
    let expected = conv2d(&copy(&x), &copy(&w), ConvGeometry::new(2, 1)).unwrap();
    assert_eq!(data(&got), data(&expected));
    let flat = activate(&x, Activation::Tanh).unwrap();
    assert_eq!(data(&flat), data(&activate(&copy(&x), Activation::Tanh).unwrap()));
}

#[test]
fn wrong_arguments_are_errors() {
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
    let x = zeros(&[2, 8, 8, 3]);
    let plain = ConvGeometry::new(1, 0);
    let errors = [
        conv2d(&x, &zeros(&[4, 2, 3, 3]), plain),
        conv2d(&x, &zeros(&[4, 3, 9, 3]), plain),
        conv2d(&x, &zeros(&[4, 3, 3]), plain),
        conv2d(&x, &zeros(&[4, 3, 0, 3]), plain),
        conv2d(&zeros(&[0, 8, 8, 3]), &zeros(&[4, 3, 3, 3]), plain),
        conv2d(&x, &zeros(&[4, 3, 3, 3]), ConvGeometry::new(0, 0)),
        conv2d(&x, &zeros(&[4, 3, 3, 3]), ConvGeometry::new(1, usize::MAX)),
        conv2d(&x, &zeros(&[4, 3, 3, 3]), ConvGeometry::new(1, 1 << 40)),
        conv2d(&x.to_dtype(DType::F64).unwrap(), &zeros(&[4, 3, 3, 3]), plain),
        conv_transpose2d(&x, &zeros(&[2, 4, 3, 3]), plain, (0, 0)),
        conv_transpose2d(&x, &zeros(&[3, 4, 3, 3]), plain, (1, 0)),
        conv_transpose2d(&x, &zeros(&[3, 4, 3, 3]), ConvGeometry::new(1, 5), (0, 0)),
        conv_transpose2d(&x, &zeros(&[3, 4, 3, 3]), ConvGeometry::new(usize::MAX, 0), (0, 0)),
        scale_shift(&x, Some(&zeros(&[2])), None, Activation::Relu),
        scale_shift(&zeros(&[3]), None, Some(&zeros(&[3])), Activation::Relu),
        batch_norm(&x, &zeros(&[2]), &zeros(&[3]), 1e-5, Activation::Relu).map(|(y, _)| y),
        batch_norm(&zeros(&[1, 3]), &zeros(&[3]), &zeros(&[3]), 1e-5, Activation::Relu)
            .map(|(y, _)| y),
        activate(&x.to_dtype(DType::F16).unwrap(), Activation::Relu),
    ];
    for (index, result) in errors.into_iter().enumerate() {
        let error = result.err().unwrap_or_else(|| panic!("case {index} should be an error"));
        assert!(error.to_string().len() > 20, "{error}");
    }
}
