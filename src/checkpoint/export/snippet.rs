//! Python that draws with a generator that was written for it.

use std::path::Path;

use super::Format;
use crate::error::Result;
use crate::latent::Prior;
use crate::model::{
    ModelSpec, Network, NormKind, Pix2pix, Stack, StackKernel, StackLayer, StackNorm,
};
use crate::ops::Activation;

/// The lines that load `path`, which holds the generator of `spec` in `format`, and draw.
pub(super) fn python(format: Format, spec: &ModelSpec, path: &Path) -> Result<String> {
    let path = quoted(&path.display().to_string());
    let z = spec.z_dim;
    let given = match (&spec.network, spec.prior) {
        (Network::Pix2pix(net), _) => {
            let Pix2pix { inputs, resolution, .. } = net;
            format!("torch.zeros(1, {inputs}, {resolution}, {resolution})")
        }
        (_, Prior::Normal) => format!("torch.randn(4, {z})"),
        (_, Prior::Uniform) => format!("torch.rand(4, {z}) * 2 - 1"),
    };
    if format == Format::Onnx {
        return Ok(format!(
            "import onnxruntime, torch\n\n\
             session = onnxruntime.InferenceSession({path})\n\
             given = {given}\n\
             pictures = session.run(None, {{session.get_inputs()[0].name: given.numpy()}})[0]  # in [-1, 1]\n"
        ));
    }
    let loaded = match format {
        Format::Safetensors => format!(
            "from safetensors.torch import load_file\n\n\
             state = {{k: v for k, v in load_file({path}).items() if not k.startswith(\"raw.\")}}\n"
        ),
        _ => format!("state = torch.load({path}, weights_only=True)\n"),
    };
    let network = match &spec.network {
        Network::Pix2pix(net) => unet(net),
        _ => match spec.as_stack()? {
            Some(stack) => rows(&stack, z),
            None => "# While a layer is blended in, the network is both of what it was and what it will be:\n\
                     # go on with training, or write ONNX.\n"
                .into(),
        },
    };
    let drawn = match &spec.network {
        Network::Pix2pix(net) => {
            let (last, range) = net.output.parts();
            in_range("generator(given)", range.to_picture(last))
        }
        _ => "generator(given)".into(),
    };
    Ok(format!(
        "import torch\nfrom torch import nn\n\n{network}\n{loaded}\
         generator.load_state_dict(state)\n\
         generator.eval()\n\
         given = {given}\n\
         with torch.inference_mode():\n    \
         pictures = {drawn}  # in [-1, 1]\n"
    ))
}

/// What brings the numbers `named` so to [-1, 1].
fn in_range(named: &str, to_picture: Option<(f64, f64)>) -> String {
    match to_picture {
        None => named.to_owned(),
        Some((scale, shift)) => format!("({named} * {scale} + {shift}).clamp(-1, 1)"),
    }
}

/// Text as Python reads it, whatever is in it: JSON's escapes mean the same there.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn unet(net: &Pix2pix) -> String {
    let Pix2pix { inputs, channels, width, dropout, .. } = net;
    let downs = net.resolution.ilog2();
    let norm = match net.norm {
        NormKind::Batch => "nn.BatchNorm2d",
        NormKind::Instance => "nn.InstanceNorm2d",
    };
    let dropout = if *dropout > 0.0 { "True" } else { "False" };
    let last = match net.output.parts().0 {
        Activation::Tanh => "",
        Activation::Sigmoid => "generator.model.model[4] = nn.Sigmoid()\n",
        _ => "generator.model.model[4] = nn.Identity()\n",
    };
    format!(
        "from models.networks import UnetGenerator  # github.com/junyanz/pytorch-CycleGAN-and-pix2pix\n\n\
         generator = UnetGenerator({inputs}, {channels}, {downs}, {width}, norm_layer={norm}, \
         use_dropout={dropout})\n{last}"
    )
}

/// A module whose layers stand under the names of their parameters and run in a row.
fn rows(stack: &Stack, z_dim: usize) -> String {
    let mut lines = String::new();
    let mut line = |name: Option<&str>, layer: String| {
        let name = name.map_or("None".into(), quoted);
        lines.push_str(&format!("    ({name}, nn.{layer}),\n"));
    };
    let (mut given, mut flat) = ((z_dim, (1, 1)), true);
    for StackLayer { name, kernel, bias, norm, activation } in &stack.layers {
        let bias = if *bias { "True" } else { "False" };
        let inputs = given.0;
        if flat && !matches!(kernel, StackKernel::Linear { .. }) {
            let (channels, (height, width)) = given;
            line(None, format!("Unflatten(1, ({channels}, {height}, {width}))"));
            flat = false;
        }
        match kernel {
            StackKernel::Linear { channels, grid } => {
                let inputs = inputs * given.1.0 * given.1.1;
                let outputs = channels * grid.0 * grid.1;
                line(Some(name), format!("Linear({inputs}, {outputs}, bias={bias})"));
                given = (*channels, *grid);
            }
            StackKernel::Conv { channels, kernel, stride, padding, enlarge } => {
                if *enlarge {
                    line(None, "Upsample(scale_factor=2)".into());
                }
                line(
                    Some(name),
                    format!(
                        "Conv2d({inputs}, {channels}, {kernel}, {stride}, {padding}, bias={bias})"
                    ),
                );
                given.0 = *channels;
            }
            StackKernel::ConvTranspose { channels, kernel, stride, padding, output_padding } => {
                line(
                    Some(name),
                    format!(
                        "ConvTranspose2d({inputs}, {channels}, {kernel}, {stride}, {padding}, \
                         output_padding={output_padding}, bias={bias})"
                    ),
                );
                given.0 = *channels;
            }
        }
        if let Some(StackNorm { name, eps, over_grid, kind }) = norm {
            let (channels, (height, width)) = given;
            let on_grid = flat && *over_grid;
            if on_grid {
                line(None, format!("Unflatten(1, ({channels}, {height}, {width}))"));
            }
            let channels = if flat && !on_grid { channels * height * width } else { channels };
            let norm = match kind.groups(channels) {
                Some(groups) => format!("GroupNorm({groups}, {channels}, eps={eps})"),
                None if flat && !on_grid => format!("BatchNorm1d({channels}, eps={eps})"),
                None => format!("BatchNorm2d({channels}, eps={eps})"),
            };
            line(Some(name), norm);
            if on_grid {
                line(None, "Flatten(1)".into());
            }
        }
        match activation {
            Activation::Linear => {}
            Activation::Relu => line(None, "ReLU()".into()),
            Activation::LeakyRelu(slope) => line(None, format!("LeakyReLU({slope})")),
            Activation::Tanh => line(None, "Tanh()".into()),
            Activation::Sigmoid => line(None, "Sigmoid()".into()),
            Activation::Elu => line(None, "ELU()".into()),
            Activation::Selu => line(None, "SELU()".into()),
        }
    }
    if flat {
        let (channels, (height, width)) = (stack.channels, stack.size);
        line(None, format!("Unflatten(1, ({channels}, {height}, {width}))"));
    }
    let last = stack.layers.last().map_or(Activation::Linear, |layer| layer.activation);
    let picture = in_range("z", stack.range.to_picture(last));
    format!(
        "LAYERS = [\n{lines}]\n\n\n\
         class Generator(nn.Module):\n    \
             def __init__(self):\n        \
                 super().__init__()\n        \
                 self.row = tuple(layer for _, layer in LAYERS)\n        \
                 for name, layer in LAYERS:\n            \
                     if name is None:\n                \
                         continue\n            \
                     *path, last = name.split(\".\")\n            \
                     place = self\n            \
                     for part in path:\n                \
                         if not hasattr(place, part):\n                    \
                             place.add_module(part, nn.Module())\n                \
                         place = getattr(place, part)\n            \
                     place.add_module(last, layer)\n\n    \
             def forward(self, z):\n        \
                 for layer in self.row:\n            \
                     z = layer(z)\n        \
                 return {picture}\n\n\n\
         generator = Generator()\n"
    )
}
