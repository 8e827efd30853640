// SPDX-License-Identifier: MIT
//
// The short way to a running stack: device, stack with its defaults, interface, address and loop
// in one call, for programs that need nothing unusual.
#include <synfin/host.h>
#include <synfin/socket.h>

static void describe(const struct synfin_device *device, struct synfin_iface_config *config)
{
    synfin_iface_config_default(config);
    config->is_ethernet = device->is_ethernet;
    for (size_t i = 0; i < sizeof config->mac; i++) {
        config->mac[i] = device->mac[i];
    }
    config->mtu_bytes = device->mtu_bytes;
    config->gso_bytes = device->gso_bytes;
    config->can_checksum = device->can_checksum;
}

static enum synfin_error give_addr(synfin_stack *stack, const struct synfin_device *device,
                                   const struct synfin_prefix *addr, uint32_t *iface)
{
    struct synfin_iface_config config;
    describe(device, &config);
    enum synfin_error error = synfin_stack_add_iface(stack, &config, iface);
    return error == SYNFIN_ERROR_OK ? synfin_stack_add_addr(stack, *iface, addr) : error;
}

// The loop takes the device when it succeeds.
static enum synfin_error make_loop(synfin_stack *stack, struct synfin_device *device,
                                   const struct synfin_prefix *addr,
                                   const struct synfin_loop_ops *ops, void *ctx, synfin_loop **out)
{
    uint32_t iface = 0;
    enum synfin_error error = give_addr(stack, device, addr, &iface);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_loop_create(stack, ops, ctx, out);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_loop_add_device(*out, iface, device);
        if (error != SYNFIN_ERROR_OK) {
            synfin_loop_destroy(*out);
        }
    }
    return error;
}

enum synfin_error synfin_host_start(const char *link, const char *cidr,
                                    const struct synfin_loop_ops *ops, void *ctx,
                                    synfin_stack **stack, synfin_loop **loop)
{
    struct synfin_device *device;
    struct synfin_prefix addr;
    struct synfin_env env;
    enum synfin_error error = synfin_prefix_parse(cidr, &addr);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_device_open(link, &device, NULL, 0);
    }
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    synfin_host_env(&env);
    error = synfin_stack_create(&env, NULL, synfin_host_now(), stack);
    if (error == SYNFIN_ERROR_OK) {
        error = make_loop(*stack, device, &addr, ops, ctx, loop);
        if (error != SYNFIN_ERROR_OK) {
            synfin_stack_destroy(*stack);
        }
    }
    if (error != SYNFIN_ERROR_OK) {
        device->ops->destroy(device);
    }
    return error;
}

enum synfin_error synfin_host_listen(synfin_stack *stack, uint16_t port, synfin_socket *listener)
{
    const struct synfin_endpoint any = {.port = port};
    enum synfin_error error = synfin_socket_open(stack, listener);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    uint64_t now_ns = synfin_host_now();
    error = synfin_socket_bind(stack, *listener, &any);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_listen(stack, *listener, 0, now_ns);
    }
    if (error != SYNFIN_ERROR_OK) {
        synfin_socket_close(stack, *listener, now_ns);
    }
    return error;
}
