/* SPDX-License-Identifier: MIT */
#include "libmv/base/asset.h"
#include "libmv/report/html.h"

/*
 * Files that are part of every page, built into the program as they are. The
 * Makefile says where Chart.js is (CHART_JS) and builds this again when one
 * of them changes. They are read-only data: until a page is made nobody reads
 * them, and a start of the program costs the same without them.
 */
#ifndef CHART_JS
#define CHART_JS "/usr/share/javascript/chart.js/chart.min.js"
#endif

MV_ASSET(css, "libmv/report/assets/report.css");
MV_ASSET(script, "libmv/report/assets/report.js");
MV_ASSET(chart, CHART_JS);

struct mv_asset mv_asset_css(void)
{
	return (struct mv_asset){ css, MV_ASSET_LEN(css) };
}

struct mv_asset mv_asset_script(void)
{
	return (struct mv_asset){ script, MV_ASSET_LEN(script) };
}

struct mv_asset mv_asset_chart(void)
{
	return (struct mv_asset){ chart, MV_ASSET_LEN(chart) };
}
