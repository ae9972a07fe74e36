// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The past of a metric as a picture: for a terminal, as SVG, as CSV. Pure.

#include <cstddef>
#include <string>

#include "operations/monitor/history/history.h"
#include "operations/monitor/sample/catalogue.h"

namespace caisson::monitor {

/// A figure in the metric's unit, as people read it: 1.5 GB, 12 ms, 85 %.
std::string figure_text(const Metric& metric, double value);

/// A line for each series (at most `most`, those with the highest last values), in blocks of eight
/// heights, and the least, mean and highest value. Where nothing is known there is a blank.
std::string terminal_chart(const Metric& metric, const Past& past, At since, At until,
                           std::size_t width, std::size_t most = 12);
/// A whole document.
std::string svg_chart(const Metric& metric, const Past& past, At since, At until);
/// `at,<labels…>,least,mean,most`, RFC 4180.
std::string csv_of(const Metric& metric, const Past& past);

}  // namespace caisson::monitor
