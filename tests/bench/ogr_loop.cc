// The bare loop that an import is measured beside: bench_ogr FILE opens a sheet by OGR, takes every
// cell as text and prints rows and bytes.
#include <cstdio>
#include <cstring>

#include "cpl_conv.h"
#include "gdal.h"
#include "ogr_api.h"

extern "C" void RegisterOGRXLSX();

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  CPLSetConfigOption("OGR_XLSX_HEADERS", "DISABLE");
  CPLSetConfigOption("OGR_XLSX_FIELD_TYPES", "STRING");
  RegisterOGRXLSX();
  GDALDatasetH dataset =
      GDALOpenEx(argv[1], GDAL_OF_VECTOR | GDAL_OF_READONLY, nullptr, nullptr, nullptr);
  if (dataset == nullptr) return 1;
  size_t rows = 0;
  size_t bytes = 0;
  for (int i = 0; i < GDALDatasetGetLayerCount(dataset); ++i) {
    OGRLayerH layer = GDALDatasetGetLayer(dataset, i);
    while (OGRFeatureH feature = OGR_L_GetNextFeature(layer)) {
      for (int field = 0; field < OGR_F_GetFieldCount(feature); ++field) {
        bytes += std::strlen(OGR_F_GetFieldAsString(feature, field));
      }
      OGR_F_Destroy(feature);
      ++rows;
    }
  }
  GDALClose(dataset);
  std::printf("%zu rows, %zu bytes\n", rows, bytes);
}
