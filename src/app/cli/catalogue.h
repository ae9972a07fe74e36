// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "trust/catalogue.h"

namespace caisson::cli {

/// The whole schema `caisson`: the steps that all modules offer, in the order of their numbers.
const std::vector<trust::CatalogueStep>& catalogue_steps();

}  // namespace caisson::cli
