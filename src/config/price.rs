//! What a machine costs an hour: from its price, or from what it was bought for.

use rust_decimal::Decimal;

use super::problem::Said;
use super::reader::Table;
use super::schema;
use crate::model::cost::{Currency, HOURS_PER_MONTH, Money, Per};
use crate::model::text::{Text, clean};

/// `price = { amount, currency, per }`; also the form of a budget.
pub(super) fn read_price(table: &Table<'_>, key: &'static str) -> Option<(Money, Per)> {
    let table = table.table(key, &schema::PRICE)?;
    if !table.has("amount") {
        table.missing("amount", "\"0.42\"");
    }
    let amount = table.decimal("amount");
    let currency = read_currency(&table);
    let per = if table.has("per") {
        table.word("per", &[("hour", Per::Hour), ("day", Per::Day), ("month", Per::Month), ("year", Per::Year)])
    } else {
        table.missing("per", "\"hour\"");
        None
    };
    Some((Money { amount: amount?, currency: currency? }, per?))
}

/// `purchase = {..}` as an hourly price:
///
/// ```text
/// (price - residual) / (months × 730) + watts / 1000 × pue × tariff + units × rack / 730
///     + maintenance × price / 8760 + (staff + contracts) / 730
/// ```
///
/// `tariff` is per kWh, `rack` per unit of height and month, `maintenance` the share of the price a year,
/// `staff` and `contracts` per machine and month. 730 hours are a month in OpenCost and Infracost; that an owned
/// machine's input price is its fully amortised one is a rule of the OpenCost specification.
pub(super) fn read_purchase(table: &Table<'_>, key: &'static str) -> Option<Money> {
    let table = table.table(key, &schema::PURCHASE)?;
    if !table.has("price") {
        table.missing("price", "\"60000\"");
    }
    let price = table.decimal("price");
    let currency = read_currency(&table);
    let months = table.whole("months", 1).unwrap_or(36);
    let or = |key, default: Decimal| if table.has(key) { table.decimal(key) } else { Some(default) };
    let residual = or("residual", Decimal::ZERO);
    let watts = or("watts", Decimal::ZERO);
    let pue = or("pue", Decimal::new(15, 1));
    let tariff = or("tariff", Decimal::ZERO);
    let units = or("units", Decimal::ONE);
    let rack = or("rack", Decimal::ZERO);
    let maintenance = or("maintenance", Decimal::ZERO);
    let staff = or("staff", Decimal::ZERO);
    let contracts = or("contracts", Decimal::ZERO);
    let (price, residual) = (price?, residual?);
    if residual > price {
        table.sheet.wrong(
            &table.place_of("residual"),
            Text::new("'residual' is more than the price", "residual 大于 price"),
            Text::new("write what the machine is still worth after its months", "应写折旧期满后的残值"),
        );
        return None;
    }
    if table.has("pue") && pue? < Decimal::ONE {
        table.sheet.wrong(
            &table.place_of("pue"),
            Text::new("'pue' is below 1", "pue 小于 1"),
            Text::new("power usage effectiveness is 1.0 at best, usually 1.2 to 1.8", "PUE 最低为 1.0，一般在 1.2 到 1.8"),
        );
        return None;
    }
    let month = Decimal::from(HOURS_PER_MONTH);
    let hourly = (price - residual)
        .checked_div(Decimal::from(months) * month)?
        .checked_add((watts? / Decimal::ONE_THOUSAND).checked_mul(pue?)?.checked_mul(tariff?)?)?
        .checked_add(units?.checked_mul(rack?)? / month)?
        .checked_add(maintenance?.checked_mul(price)? / Per::Year.hours())?
        .checked_add(staff?.checked_add(contracts?)? / month)?;
    Some(Money { amount: hourly.round_dp(6), currency: currency? })
}

fn read_currency(table: &Table<'_>) -> Option<Currency> {
    let Said { value, place } = table.need("currency", "\"CNY\"")?;
    let read = Currency::parse(value);
    if read.is_none() {
        let upper = value.to_uppercase();
        let instead = match Currency::parse(&upper) {
            Some(_) => Text::made(format!("write \"{upper}\""), format!("应写 \"{upper}\"")),
            None => Text::new("write three capital letters: \"CNY\", \"USD\"", "应写三个大写字母：\"CNY\"、\"USD\""),
        };
        let shown = clean(value);
        table.sheet.wrong(
            &place,
            Text::made(format!("currency '{shown}' is not an ISO 4217 code"), format!("币种 {shown} 不是 ISO 4217 代码")),
            instead,
        );
    }
    read
}
