//! Decimal arithmetic as sprig's `addf` and its kin do it (shopspring/decimal v1.4.0).

use num_bigint::{BigInt, Sign};

use crate::template::FunctionError;

/// `digits × 10^exponent`.
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i64,
}

/// Digits behind the point that a division gives.
const DIVISION_PRECISION: i64 = 16;

impl Decimal {
    /// The shortest decimal that reads back as this number.
    pub(super) fn from_float(number: f64) -> Result<Self, FunctionError> {
        if !number.is_finite() {
            let name = if number.is_nan() {
                "NaN"
            } else if number > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            return Err(FunctionError::new(format!("Cannot create a Decimal from {name}")));
        }
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.parse().unwrap_or_default();
        Ok(Self {
            digits: format!("{whole}{fraction}").parse().unwrap_or_default(),
            exponent: exponent - i64::try_from(fraction.len()).unwrap_or_default(),
        })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or_default()
    }

    /// Steps that an operation with this number costs.
    pub(super) fn cost(&self) -> u64 {
        let size = self.digits.bits() / 64 + self.exponent.unsigned_abs() / 16;
        4 + size.saturating_mul(size) / 16
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self { digits: self.at(exponent) + other.at(exponent), exponent }
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self { digits: self.at(exponent) - other.at(exponent), exponent }
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        Self { digits: &self.digits * &other.digits, exponent: self.exponent + other.exponent }
    }

    /// The quotient with 16 digits behind the point, rounded half away from zero.
    pub(super) fn div(&self, other: &Self) -> Result<Self, FunctionError> {
        if other.digits.sign() == Sign::NoSign {
            return Err(FunctionError::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let (mut above, mut below) = (self.digits.clone(), other.digits.clone());
        if shift < 0 {
            below *= power(shift.unsigned_abs());
        } else {
            above *= power(shift.unsigned_abs());
        }
        let negative = (above.sign() == Sign::Minus) != (below.sign() == Sign::Minus);
        let (above, below) = (above.magnitude(), below.magnitude());
        let rounded = (above * 2_u32 + below) / (below * 2_u32);
        let digits = BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, rounded);
        Ok(Self { digits, exponent: -DIVISION_PRECISION })
    }

    /// Its digits at a smaller exponent.
    fn at(&self, exponent: i64) -> BigInt {
        &self.digits * power((self.exponent - exponent).unsigned_abs())
    }
}

fn power(exponent: u64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}
