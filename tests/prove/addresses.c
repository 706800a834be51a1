/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/prove/addresses.h"

static const uint8_t v4[][4] = {
	{127, 0, 0, 1}, {127, 0, 0, 2}, {127, 1, 2, 3}, {10, 0, 0, 1}, {10, 0, 0, 2}, {10, 0, 1, 1}, {10, 128, 0, 1},
	{192, 168, 0, 1}, {172, 16, 255, 254}, {8, 8, 8, 8}, {255, 255, 255, 255}, {0, 0, 0, 0}, {224, 0, 0, 1},
};
static const uint8_t v6[][16] = {
	{[15] = 1},
	{0xfd, 0x00, [15] = 1},
	{0xfd, 0x00, [15] = 2},
	{0xfd, 0x00, [7] = 1, [15] = 1},
	{0xfd, 0x80, [15] = 1},
	{0x20, 0x01, 0x0d, 0xb8, [15] = 0x53},
	{0x20, 0x01, 0x0d, 0xb8, [8] = 0x80, [15] = 0x53},
	{0x00, 0x64, 0xff, 0x9b, [12] = 10, 0, 0, 1},
	{[12] = 10, 0, 0, 1},
	{0xff, 0x02, [15] = 1},
	{[10] = 0xff, 0xfe, 127, 0, 0, 1},
	{[0] = 0},
};
static const uint16_t ports[] = {0, 1, 2, 22, 53, 79, 80, 81, 255, 256, 443, 5432, 8080, 32767, 32768, 65534, 65535};

void random_address(struct dice *r, struct address *ret)
{
	*ret = (struct address){.family = dice_chance(r, 60) ? 4 : 6};
	if (ret->family == 4)
		memcpy(ret->bytes, v4[dice_below(r, ARRAY_SIZE(v4))], 4);
	else
		memcpy(ret->bytes, v6[dice_below(r, ARRAY_SIZE(v6))], 16);
	if (dice_chance(r, 8)) {
		unsigned bit = dice_below(r, ret->family == 4 ? 32 : 128);
		ret->bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
}

uint16_t random_port(struct dice *r)
{
	return dice_chance(r, 95) ? ports[dice_below(r, ARRAY_SIZE(ports))] : (uint16_t)dice_next(r);
}
