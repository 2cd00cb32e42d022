// simpul-sheet: reads or writes one XLSX or ODS with GDAL, in a process of its own, so that GDAL
// and what a stranger's file does to it stay there. It opens no file: what it reads comes by its
// standard input, what it writes goes to its standard output, GDAL has both in memory.
//   simpul-sheet read UNPACKED-BYTES MEMORY-BYTES CPU-SECONDS < FILE > ROWS
//   simpul-sheet write SHEET < ROWS > FILE
// What is wrong is told in one line on standard error, with exit code 2.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sources/file/row_pipe.h"
#include "cpl_conv.h"
#include "cpl_error.h"
#include "cpl_string.h"
#include "cpl_vsi.h"
#include "gdal.h"
#include "ogr_api.h"

extern "C" {
void RegisterOGRXLSX();
void RegisterOGRODS();
}

namespace simpul::file {
namespace {

int Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  return 2;
}

// The first thing that GDAL found wrong; what it only warns of, it has left out.
std::string* FirstProblem() {
  static auto* problem = new std::string();
  return problem;
}

constexpr int kOutOfMemory = 3;

void KeepProblem(CPLErr severity, CPLErrorNum number, const char* text) {
  if (number == CPLE_OutOfMemory) _exit(kOutOfMemory);
  if (severity >= CE_Warning && FirstProblem()->empty()) *FirstProblem() = text;
}

void Limit(int resource, rlim_t most) {
  const rlimit limit{most, most};
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

std::string ReadAll(std::FILE* input) {
  std::string bytes;
  char buffer[65536];
  for (size_t size; (size = std::fread(buffer, 1, sizeof buffer, input)) > 0;) {
    bytes.append(buffer, size);
  }
  return bytes;
}

// Unpacks all that is in `archive` and counts, since what a stranger's archive says of itself need
// not be so. False: it is damaged, or more than `most`.
bool UnpacksWithin(const std::string& archive, char** names, int64_t most, std::string& why) {
  int64_t total = 0;
  std::vector<char> buffer(65536);
  for (char** name = names; name != nullptr && *name != nullptr; ++name) {
    VSILFILE* file = VSIFOpenL((archive + "/" + *name).c_str(), "rb");
    if (file == nullptr) continue;  // a folder
    for (size_t size; (size = VSIFReadL(buffer.data(), 1, buffer.size(), file)) > 0;) {
      total += static_cast<int64_t>(size);
      if (total > most) break;
    }
    VSIFCloseL(file);
    if (total > most) {
      why = "it unpacks to more than " + std::to_string(most >> 20) + " MiB";
      return false;
    }
  }
  return true;
}

int WriteLayer(OGRLayerH layer) {
  SheetRow row;
  row.sheet = OGR_L_GetName(layer);
  while (OGRFeatureH feature = OGR_L_GetNextFeature(layer)) {
    row.number = OGR_F_GetFID(feature);
    row.cells.clear();
    for (int i = 0; i < OGR_F_GetFieldCount(feature); ++i) {
      const bool has_value = OGR_F_IsFieldSetAndNotNull(feature, i) != 0;
      row.cells.emplace_back(has_value ? OGR_F_GetFieldAsString(feature, i) : "");
    }
    while (!row.cells.empty() && row.cells.back().empty()) row.cells.pop_back();
    OGR_F_Destroy(feature);
    if (!WriteRow(stdout, row)) return 1;  // nobody reads any more
  }
  return 0;
}

int Read(int64_t unpacked_bytes) {
  std::string bytes = ReadAll(stdin);
  // Names that no file outside of memory has. The end of the name tells GDAL the driver.
  const auto open = [&bytes](const char* name) {
    VSIFCloseL(VSIFileFromMemBuffer(name, reinterpret_cast<GByte*>(bytes.data()), bytes.size(), 0));
  };
  open("/vsimem/sheet.zip");
  char** names = VSIReadDirRecursive("/vsizip//vsimem/sheet.zip");
  if (names == nullptr) return Fail("it is no XLSX and no ODS, or damaged");
  std::string why;
  const bool is_small = UnpacksWithin("/vsizip//vsimem/sheet.zip", names, unpacked_bytes, why);
  const bool is_ods = CSLFindString(names, "content.xml") >= 0;
  CSLDestroy(names);
  if (!is_small) return Fail(why);
  if (!FirstProblem()->empty()) return Fail("it is damaged: " + *FirstProblem());

  const char* name = is_ods ? "/vsimem/sheet.ods" : "/vsimem/sheet.xlsx";
  open(name);
  const char* const drivers[] = {is_ods ? "ODS" : "XLSX", nullptr};
  GDALDatasetH dataset =
      GDALOpenEx(name, GDAL_OF_VECTOR | GDAL_OF_READONLY, drivers, nullptr, nullptr);
  if (dataset == nullptr) return Fail("it is no XLSX and no ODS, or damaged");
  // All of it is in memory now. Rows that GDAL left out must not look like rows that are not there.
  for (int i = 0; i < GDALDatasetGetLayerCount(dataset); ++i) {
    OGR_L_GetFeatureCount(GDALDatasetGetLayer(dataset, i), TRUE);
  }
  if (!FirstProblem()->empty()) return Fail("it cannot be read whole: " + *FirstProblem());
  int code = 0;
  for (int i = 0; code == 0 && i < GDALDatasetGetLayerCount(dataset); ++i) {
    code = WriteLayer(GDALDatasetGetLayer(dataset, i));
  }
  GDALClose(dataset);
  return std::fflush(stdout) == 0 ? code : 1;
}

bool AddRow(OGRLayerH layer, const SheetRow& row) {
  OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i].empty()) continue;
    OGR_F_SetFieldString(feature, static_cast<int>(i), row.cells[i].c_str());
  }
  const bool added = OGR_L_CreateFeature(layer, feature) == OGRERR_NONE;
  OGR_F_Destroy(feature);
  return added;
}

int Write(const char* sheet) {
  const char* const name = "/vsimem/sheet.xlsx";
  GDALDriverH driver = GDALGetDriverByName("XLSX");
  GDALDatasetH dataset = GDALCreate(driver, name, 0, 0, 0, GDT_Unknown, nullptr);
  if (dataset == nullptr) return Fail(*FirstProblem());
  OGRLayerH layer = GDALDatasetCreateLayer(dataset, sheet, nullptr, wkbNone, nullptr);
  SheetRow row;
  if (ReadRow(stdin, row) != RowRead::kRow) return Fail("there is no header");
  for (const std::string& header : row.cells) {
    OGRFieldDefnH field = OGR_Fld_Create(header.c_str(), OFTString);
    OGR_L_CreateField(layer, field, TRUE);
    OGR_Fld_Destroy(field);
  }
  RowRead read;
  while ((read = ReadRow(stdin, row)) == RowRead::kRow) {
    if (!AddRow(layer, row)) return Fail("a row cannot be written: " + *FirstProblem());
  }
  if (read == RowRead::kBroken) return Fail("the rows broke off");
  GDALClose(dataset);
  if (!FirstProblem()->empty()) return Fail(*FirstProblem());
  vsi_l_offset size = 0;
  const GByte* bytes = VSIGetMemFileBuffer(name, &size, FALSE);
  const bool is_written =
      bytes != nullptr && std::fwrite(bytes, 1, size, stdout) == size && std::fflush(stdout) == 0;
  return is_written ? 0 : Fail("the file cannot be written; is the disk full?");
}

int Run(int argc, char** argv) {
  CPLSetErrorHandler(KeepProblem);
  for (const char* driver : {"XLSX", "ODS"}) {
    const std::string option = std::string("OGR_") + driver;
    CPLSetConfigOption((option + "_HEADERS").c_str(), "DISABLE");  // headers are ours to find
    CPLSetConfigOption((option + "_FIELD_TYPES").c_str(), "STRING");
  }
  RegisterOGRXLSX();
  RegisterOGRODS();
  if (argc == 5 && std::string_view(argv[1]) == "read") {
    // Of what it allocates, not of address space: GDAL's libraries map more than they use.
    Limit(RLIMIT_DATA, std::strtoull(argv[3], nullptr, 10));
    Limit(RLIMIT_CPU, std::strtoull(argv[4], nullptr, 10));
    Limit(RLIMIT_FSIZE, 0);
    Limit(RLIMIT_CORE, 0);
    return Read(std::strtoll(argv[2], nullptr, 10));
  }
  if (argc == 3 && std::string_view(argv[1]) == "write") return Write(argv[2]);
  return Fail("usage: simpul-sheet read UNPACKED MEMORY CPU | write SHEET");
}

}  // namespace
}  // namespace simpul::file

int main(int argc, char** argv) {
  try {
    return simpul::file::Run(argc, argv);
  } catch (const std::bad_alloc&) {
    return simpul::file::kOutOfMemory;
  }
}
