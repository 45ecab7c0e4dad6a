//! Networks that grow while they are trained.

use super::{Learner, Trainer};
use crate::error::Result;
use crate::model::{Builder, Discriminator, Generator, Params, Side, inherited};
use crate::random::{Purpose, stream};
use crate::train::average::Average;

impl Trainer {
    /// Makes the networks those of the next step: with the layers that the schedule has for it, and
    /// without what a layer was blended in from once that is done. Returns whether pictures have
    /// another size from now on.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device is out of memory.
    pub fn get_ready(&mut self) -> Result<bool> {
        let due = self.stage().layers;
        let mut grown = false;
        while self.layers() < due {
            self.grow()?;
            grown = true;
        }
        let fading = self.config.fade(&self.schedule, self.step + 1).is_some();
        if self.spec.fade().is_some() && !fading {
            self.end_fade()?;
        }
        Ok(grown)
    }

    /// Adds a layer before the next step: see [`Trainer::get_ready`]. `false` if the networks do not
    /// grow, are as large as they are to be, or have only just grown.
    pub fn grow_by_hand(&mut self) -> bool {
        let grows = self.config.grow_by_hand(self.step);
        if grows {
            self.schedule = self.config.schedule();
        }
        grows
    }

    /// Layers added so far.
    fn layers(&self) -> usize {
        (self.spec.size().0 / self.config.spec.size().0).max(1).ilog2() as usize
    }

    /// Blends the newest layer in as far as `share` says.
    pub(super) fn set_fade(&mut self, share: f64) {
        self.spec.set_fade(share);
        self.generator.network.set_fade(share);
        self.discriminator.network.set_fade(share);
        self.average.set_fade(share);
    }

    fn grow(&mut self) -> Result<()> {
        if self.spec.fade().is_some() {
            self.end_fade()?;
        }
        let fades = self.config.growth.as_ref().is_some_and(|growth| growth.fade_kimg > 0.0);
        let spec = self.spec.grown(fades)?;
        let layer = 2 * (self.layers() as u64 + 1);

        let of_average = inherited(&spec, Side::Generator, &self.average.params().tensors());
        let of_generator = inherited(&spec, Side::Generator, &self.generator.params.tensors());
        let mut rng = stream(self.config.seed, Purpose::Weights, layer);
        let builder = Builder::completed(&of_generator, &mut rng, &self.device);
        let adam = self.config.generator;
        self.generator = Learner::fresh(&spec, Generator::build, builder, adam, &self.device)?;

        let of_discriminator =
            inherited(&spec, Side::Discriminator, &self.discriminator.params.tensors());
        let mut rng = stream(self.config.seed, Purpose::Weights, layer + 1);
        let builder = Builder::completed(&of_discriminator, &mut rng, &self.device);
        let adam = self.config.discriminator;
        self.discriminator =
            Learner::fresh(&spec, Discriminator::build, builder, adam, &self.device)?;

        // The average takes its own layers over, and has nothing better than the new one as it is.
        let mut weights = self.generator.params.tensors();
        weights.extend(of_average);
        self.average = Average::new(&spec, &weights, &self.device)?;
        self.adam_since = self.step;
        self.spec = spec;
        Ok(())
    }

    /// Leaves what was there before the newest layer.
    fn end_fade(&mut self) -> Result<()> {
        let spec = self.spec.without_fade();
        let weights = self.generator.params.tensors();
        let mut builder = Builder::given(&weights, &self.device);
        self.generator.network = Generator::build(&spec, &mut builder)?;
        self.generator.keep(builder.finish());

        let weights = self.discriminator.params.tensors();
        let mut builder = Builder::given(&weights, &self.device);
        self.discriminator.network = Discriminator::build(&spec, &mut builder)?;
        self.discriminator.keep(builder.finish());

        self.average = Average::new(&spec, &self.average.params().tensors(), &self.device)?;
        self.spec = spec;
        Ok(())
    }
}

impl<N> Learner<N> {
    /// Goes on with `params`, which are some of those before.
    fn keep(&mut self, params: Params) {
        self.adam.keep(&params);
        self.params = params;
    }
}
