// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace caisson::scale {

// Words that everyday data are made of. Nobody is meant by them.
std::span<const std::string_view> given_names();
std::span<const std::string_view> family_names();
/// Beginnings of names of companies: "Nordlicht", "Blue Mesa".
std::span<const std::string_view> company_stems();
/// What companies do, as it stands in their names: "Logistics".
std::span<const std::string_view> company_trades();
/// Plain words for running text.
std::span<const std::string_view> plain_words();

}  // namespace caisson::scale
