//! Sizes of a convolution, checked once before any kernel runs.
//!
//! A convolution and its transpose move between the same two pictures. The *large* side
//! `[B, C_large, H, W]` is read through windows; the *small* side `[B, C_small, h, w]` has one pixel
//! for each window. Both store their weights as `[C_small, C_large, K_h, K_w]`: PyTorch's
//! `[C_out, C_in, ..]` for a convolution and `[C_in, C_out, ..]` for a transposed one. So one
//! [`ConvShape`] describes the forward pass and every gradient of both.

use candle_core::{Result, bail};

/// Stride and padding of a convolution, each as (vertical, horizontal), in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Distance between neighbouring windows; at least 1.
    pub stride: (usize, usize),
    /// Zeros added on each side of the large picture.
    pub padding: (usize, usize),
}

impl ConvGeometry {
    /// The same stride and padding in both directions.
    pub const fn new(stride: usize, padding: usize) -> Self {
        Self { stride: (stride, stride), padding: (padding, padding) }
    }
}

/// All sizes of one convolution or transposed convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConvShape {
    /// Images in the batch.
    pub batch: usize,
    /// Channels of the small side.
    pub small_channels: usize,
    /// Height and width of the small side: the number of windows in each direction.
    pub small: (usize, usize),
    /// Channels of the large side.
    pub large_channels: usize,
    /// Height and width of the large side, without padding.
    pub large: (usize, usize),
    /// Height and width of a window.
    pub kernel: (usize, usize),
    /// Stride and padding.
    pub geometry: ConvGeometry,
}

impl ConvShape {
    /// The shape of `conv2d` for `x` `[B, H, W, C_in]` and `w` `[C_out, C_in, K_h, K_w]`.
    ///
    /// # Errors
    /// When the shapes do not fit together or the window is larger than the padded picture.
    pub fn of_conv(x: &[usize], w: &[usize], geometry: ConvGeometry) -> Result<Self> {
        let (&[batch, height, width, channels], &[small_channels, large_channels, kh, kw]) = (x, w)
        else {
            bail!(
                "conv2d: x must be [B, H, W, C_in] and w [C_out, C_in, K_h, K_w], not {x:?}, {w:?}"
            )
        };
        check_common("conv2d", x, w, geometry)?;
        if channels != large_channels {
            bail!("conv2d: x {x:?} has {channels} channels, w {w:?} expects {large_channels}")
        }
        let windows = |size: usize, kernel: usize, stride: usize, padding: usize| {
            let room = padding.checked_mul(2)?.checked_add(size)?.checked_sub(kernel)?;
            Some(room / stride + 1)
        };
        let (stride, padding) = (geometry.stride, geometry.padding);
        let small =
            windows(height, kh, stride.0, padding.0).zip(windows(width, kw, stride.1, padding.1));
        let Some(small) = small else {
            bail!("conv2d: the window of w {w:?} is larger than x {x:?} with padding {padding:?}")
        };
        let large = (height, width);
        Self { batch, small_channels, small, large_channels, large, kernel: (kh, kw), geometry }
            .checked("conv2d")
    }

    /// The shape of `conv_transpose2d` for `x` `[B, h, w, C_in]` and `w` `[C_in, C_out, K_h, K_w]`.
    ///
    /// # Errors
    /// When the shapes do not fit together, the output would be empty, or the output padding is
    /// not smaller than the stride.
    pub fn of_transposed(
        x: &[usize],
        w: &[usize],
        geometry: ConvGeometry,
        output_padding: (usize, usize),
    ) -> Result<Self> {
        let (&[batch, height, width, channels], &[small_channels, large_channels, kh, kw]) = (x, w)
        else {
            bail!(
                "conv_transpose2d: x must be [B, H, W, C_in] and w [C_in, C_out, K_h, K_w], \
                 not {x:?}, {w:?}"
            )
        };
        check_common("conv_transpose2d", x, w, geometry)?;
        if channels != small_channels {
            bail!(
                "conv_transpose2d: x {x:?} has {channels} channels, w {w:?} expects {small_channels}"
            )
        }
        let (stride, padding) = (geometry.stride, geometry.padding);
        if output_padding.0 >= stride.0 || output_padding.1 >= stride.1 {
            bail!(
                "conv_transpose2d: output padding {output_padding:?} must be smaller than the \
                 stride {stride:?}"
            )
        }
        let extent = |size: usize, kernel: usize, stride: usize, padding: usize, extra: usize| {
            let full = (size - 1).checked_mul(stride)?.checked_add(kernel)?.checked_add(extra)?;
            full.checked_sub(padding.checked_mul(2)?).filter(|&size| size > 0)
        };
        let large = extent(height, kh, stride.0, padding.0, output_padding.0).zip(extent(
            width,
            kw,
            stride.1,
            padding.1,
            output_padding.1,
        ));
        let Some(large) = large else {
            bail!("conv_transpose2d: padding {padding:?} leaves nothing of x {x:?} through w {w:?}")
        };
        let small = (height, width);
        Self { batch, small_channels, small, large_channels, large, kernel: (kh, kw), geometry }
            .checked("conv_transpose2d")
    }

    /// Refuses sizes whose element counts do not fit in memory's address range.
    fn checked(self, op: &str) -> Result<Self> {
        let fits = |dims: &[usize]| {
            dims.iter()
                .try_fold(size_of::<f32>(), |total, &dim| total.checked_mul(dim))
                .is_some_and(|bytes| bytes <= isize::MAX as usize)
        };
        let (kh, kw) = self.kernel;
        if fits(&[self.batch, self.small_channels, self.small.0, self.small.1])
            && fits(&[self.batch, self.large_channels, self.large.0, self.large.1])
            && fits(&[self.large_channels, kh, kw, self.small.0, self.small.1])
        {
            Ok(self)
        } else {
            bail!("{op}: the result would be too large: {self:?}")
        }
    }

    /// Pixels of one channel of the small side: the number of windows.
    pub fn small_area(&self) -> usize {
        self.small.0 * self.small.1
    }

    /// Windows of the whole batch.
    pub fn windows(&self) -> usize {
        self.batch * self.small_area()
    }

    /// Pixels of one channel of the large side.
    pub fn large_area(&self) -> usize {
        self.large.0 * self.large.1
    }

    /// Pixels of a window.
    pub fn kernel_area(&self) -> usize {
        self.kernel.0 * self.kernel.1
    }

    /// Values seen by one window: rows of the column matrix.
    pub fn depth(&self) -> usize {
        self.large_channels * self.kernel_area()
    }

    /// Values of one image on the large side.
    pub fn large_image(&self) -> usize {
        self.large_channels * self.large_area()
    }

    /// Whether the only window is the whole unpadded picture: then its columns are the picture
    /// itself and a plain matrix product does it all (first layer of a generator, last of a
    /// discriminator).
    pub fn is_dense(&self) -> bool {
        self.small == (1, 1) && self.kernel == self.large && self.geometry.padding == (0, 0)
    }

    /// `[B, h, w, C_small]`.
    pub fn small_dims(&self) -> [usize; 4] {
        [self.batch, self.small.0, self.small.1, self.small_channels]
    }

    /// `[B, H, W, C_large]`.
    pub fn large_dims(&self) -> [usize; 4] {
        [self.batch, self.large.0, self.large.1, self.large_channels]
    }

    /// `[C_small, C_large, K_h, K_w]`.
    pub fn weight_dims(&self) -> [usize; 4] {
        [self.small_channels, self.large_channels, self.kernel.0, self.kernel.1]
    }
}

/// What both directions ask of their arguments.
fn check_common(op: &str, x: &[usize], w: &[usize], geometry: ConvGeometry) -> Result<()> {
    if x.contains(&0) || w.contains(&0) {
        bail!("{op}: no dimension may be empty, got x {x:?} and w {w:?}")
    }
    if geometry.stride.0 == 0 || geometry.stride.1 == 0 {
        bail!("{op}: the stride must be at least 1, not {:?}", geometry.stride)
    }
    Ok(())
}
