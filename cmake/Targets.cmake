# How every target of ours is made: simpul_library(bus_store SOURCES … DEPENDS …) makes simpul_bus_store
# with the alias simpul::bus_store; simpul_test(bus_store_test …) a GoogleTest program that ctest runs.
add_library(simpul_options INTERFACE)
target_include_directories(simpul_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(simpul_options INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers
                                                -fpch-preprocess)
if(SIMPUL_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

function(simpul_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(simpul_${name} STATIC ${arg_SOURCES})
  add_library(simpul::${name} ALIAS simpul_${name})
  target_link_libraries(simpul_${name} PUBLIC simpul_options ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
endfunction()

function(simpul_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE simpul_options ${arg_DEPENDS} GTest::gmock_main)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 180)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()
