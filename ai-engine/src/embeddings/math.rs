//! The parts of the forward pass that are not matrix products, written so that the compiler can vectorise them: no
//! branches, no calls into libm, sums in independent lanes.

/// Independent partial sums: one AVX-512 register, or two of AVX2.
const LANES: usize = 16;

/// `e^x` to about 2 units in the last place; 0 for x < -87.
#[inline]
fn exp(x: f32) -> f32 {
    // x = n·ln 2 + r: adding 1.5·2^23 rounds to a whole number and leaves n in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    // Taylor to the sixth power; |r| ≤ ln 2 / 2.
    let p = 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    let power_of_two = f32::from_bits((shifted.to_bits().wrapping_add(127)) << 23);
    p * power_of_two
}

/// The exact GELU, `x · Φ(x)`, by formula 7.1.26 of Abramowitz and Stegun for the error function (error below 1.5e-7).
pub fn gelu(values: &mut [f32]) {
    for value in values {
        let x = *value;
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * z);
        let p = 1.061_405_4;
        let p = p * t - 1.453_152_1;
        let p = p * t + 1.421_413_8;
        let p = p * t - 0.284_496_74;
        let p = p * t + 0.254_829_6;
        let erf = (1.0 - p * t * exp(-z * z)).copysign(x);
        *value = 0.5 * x * (1.0 + erf);
    }
}

/// Turns each row of `width` numbers into positive numbers whose sum is 1.
pub fn softmax(values: &mut [f32], width: usize) {
    for row in values.chunks_exact_mut(width) {
        let max = row.iter().fold(f32::NEG_INFINITY, |max, value| if *value > max { *value } else { max });
        for value in &mut *row {
            *value = exp(*value - max);
        }
        let scale = 1.0 / sum(row);
        for value in row {
            *value *= scale;
        }
    }
}

/// Normalizes each row to mean 0 and variance 1, then applies `weight` and `bias`.
pub fn layer_norm(values: &mut [f32], weight: &[f32], bias: &[f32]) {
    const EPSILON: f32 = 1e-12;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let width = weight.len() as f32;
    for row in values.chunks_exact_mut(weight.len()) {
        let mean = sum(row) / width;
        for value in &mut *row {
            *value -= mean;
        }
        let scale = 1.0 / (dot(row, row) / width + EPSILON).sqrt();
        for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
            *value = *value * scale * weight + bias;
        }
    }
}

/// Scales to length 1; a zero vector stays as it is.
pub fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt().max(f32::MIN_POSITIVE);
    for value in vector {
        *value /= length;
    }
}

pub fn add(values: &mut [f32], other: &[f32]) {
    for (value, other) in values.iter_mut().zip(other) {
        *value += other;
    }
}

fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum::<f32>() + chunks.remainder().iter().sum::<f32>()
}

/// The inner product of two vectors of the same length: of two unit vectors, their cosine.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (mut left, mut right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in (&mut left).zip(&mut right) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::{exp, gelu, layer_norm, softmax};

    #[test]
    fn exp_follows_libm() {
        for step in -8_600_i16..=8_700 {
            let x = f32::from(step) / 100.0;
            let expected = x.exp();
            assert!((exp(x) - expected).abs() <= 1e-6 * expected, "exp({x}) = {} not {expected}", exp(x));
        }
        assert!(exp(-1e9) < 1e-30);
    }

    #[test]
    fn gelu_has_its_known_values() {
        // x · Φ(x) with Φ from a table of the normal distribution.
        let mut values = [-10.0, -1.0, 0.0, 0.5, 1.0, 3.0, 10.0];
        gelu(&mut values);
        let expected = [0.0, -0.158_655_26, 0.0, 0.345_731_23, 0.841_344_7, 2.995_950_2, 10.0];
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
    }

    #[test]
    fn rows_are_independent() {
        let mut values = [0.0, 0.0, 0.0, 1000.0, 0.0, -1000.0];
        softmax(&mut values, 3);
        for (value, expected) in values.iter().zip([1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0, 0.0, 0.0]) {
            assert!((value - expected).abs() < 1e-6);
        }
        let mut values = [1.0, 3.0, 10.0, 30.0];
        layer_norm(&mut values, &[1.0, 2.0], &[0.0, 5.0]);
        for (value, expected) in values.iter().zip([-1.0, 7.0, -1.0, 7.0]) {
            assert!((value - expected).abs() < 1e-5);
        }
    }
}
