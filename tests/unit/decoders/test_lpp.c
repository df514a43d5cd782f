/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/test_lpp.c - values of the Low Power Payload. */
#include "unit/decoders/decode.h"

static const struct sally_config_map lpp = { .format = SALLY_PAYLOAD_LPP };

static const struct row rows[] = {
    { "temperature", "03670110056700ff", "3:temperature", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "27.2" },
    { "on another channel", "03670110056700ff", "5:temperature", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "25.5" },
    { "below zero", "0167ffd7", "1:temperature", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "-4.1" },
    { "the lowest", "01678000", "1:temperature", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "-3276.8" },
    { "correctly rounded", "01670003", "1:temperature", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "0.3" },
    { "accelerometer", "067104d2fb2e0000", "6:accelerometer.x", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "1.234" },
    { "its second axis", "067104d2fb2e0000", "6:accelerometer.y", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "-1.234" },
    { "its third axis", "067104d2fb2e0000", "6:accelerometer.z", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "0" },
    { "latitude", "018806765ff2960a0003e8", "1:gps.latitude", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "42.3519" },
    { "longitude", "018806765ff2960a0003e8", "1:gps.longitude", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "-87.9094" },
    { "altitude above the sea", "018806765ff2960a0003e8", "1:gps.altitude",
      &lpp, 0, 0, SALLY_TYPE_FLOAT, "10" },
    { "digital input", "000001", "0:digital_input", &lpp, 0, 0,
      SALLY_TYPE_INTEGER, "1" },
    { "digital output", "ff0164", "255:digital_output", &lpp, 0, 0,
      SALLY_TYPE_INTEGER, "100" },
    { "analog input", "0202ff9c", "2:analog_input", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "-1" },
    { "analog output", "03030001", "3:analog_output", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "0.01" },
    { "generic", "0164ffffffff", "1:generic", &lpp, 0, 0, SALLY_TYPE_INTEGER,
      "4294967295" },
    { "illuminance", "0165ffff", "1:illuminance", &lpp, 0, 0,
      SALLY_TYPE_INTEGER, "65535" },
    { "presence", "016601", "1:presence", &lpp, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "humidity", "0168a1", "1:humidity", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "80.5" },
    { "barometer", "01732795", "1:barometer", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "1013.3" },
    { "voltage", "017404d2", "1:voltage", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "12.34" },
    { "current", "017504d2", "1:current", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "1.234" },
    { "frequency", "017600000032", "1:frequency", &lpp, 0, 0,
      SALLY_TYPE_INTEGER, "50" },
    { "percentage", "017864", "1:percentage", &lpp, 0, 0, SALLY_TYPE_INTEGER,
      "100" },
    { "altitude", "0179fff6", "1:altitude", &lpp, 0, 0, SALLY_TYPE_INTEGER,
      "-10" },
    { "concentration", "017d0190", "1:concentration", &lpp, 0, 0,
      SALLY_TYPE_INTEGER, "400" },
    { "power", "01800bb8", "1:power", &lpp, 0, 0, SALLY_TYPE_INTEGER, "3000" },
    { "distance", "018200000bb9", "1:distance", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "3.001" },
    { "energy", "018300000bb9", "1:energy", &lpp, 0, 0, SALLY_TYPE_FLOAT,
      "3.001" },
    { "direction", "01840167", "1:direction", &lpp, 0, 0, SALLY_TYPE_INTEGER,
      "359" },
    { "time", "0185672a2a12", "1:unix_time", &lpp, 0, 0, SALLY_TYPE_INTEGER,
      "1730816530" },
    { "gyrometer", "0186ff9c00640000", "1:gyrometer.x", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "-1" },
    { "colour", "018701feff", "1:colour.green", &lpp, 0, 0, SALLY_TYPE_INTEGER,
      "254" },
    { "switch", "018e01", "1:switch", &lpp, 0, 0, SALLY_TYPE_INTEGER, "1" },
    { "the first counts", "016700010167000a", "1:temperature", &lpp, 0, 0,
      SALLY_TYPE_FLOAT, "0.1" },
    { "behind others", "018800000000000000000000ff0168a1", "1:humidity", &lpp,
      SALLY_E_MALFORMED, 0, 0, "" },
    { "behind all lengths", "018806765ff2960a0003e8067104d2fb2e00000168a1",
      "1:humidity", &lpp, 0, 0, SALLY_TYPE_FLOAT, "80.5" },
    { "absent channel", "03670110", "4:temperature", &lpp, 0, SALLY_E_NOT_FOUND,
      0, "" },
    { "absent type", "03670110", "3:humidity", &lpp, 0, SALLY_E_NOT_FOUND, 0,
      "" },
    { "empty", "", "3:temperature", &lpp, SALLY_E_TRUNCATED, 0, 0, "" },
    { "channel alone", "036701100a", "3:temperature", &lpp, SALLY_E_TRUNCATED,
      0, 0, "" },
    { "cut short", "036701", "3:temperature", &lpp, SALLY_E_TRUNCATED, 0, 0,
      "" },
    { "gps cut short", "018806765ff2960a0003", "1:gps.latitude", &lpp,
      SALLY_E_TRUNCATED, 0, 0, "" },
    { "unknown type", "036701100a050001", "3:temperature", &lpp,
      SALLY_E_MALFORMED, 0, 0, "" },
};

static void decodes_each_row(void **state)
{
    (void)state;
    decode_hex_rows(rows, SALLY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
